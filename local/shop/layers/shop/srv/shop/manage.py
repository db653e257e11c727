"""Those of the shop's commands that the examples call."""
import sys

match sys.argv[1:]:
    case ["check", "--deploy"]:
        print("System check identified no issues.")
    case ["migrate", "--no-input"]:
        print("Applying shop.0043_orders... OK")
    case ["clearsessions"]:
        print("Cleared 3 sessions.")
    case ["failing"]:
        sys.exit("No orders for an hour.")
    case other:
        sys.exit(f"Unknown command: {other}")
