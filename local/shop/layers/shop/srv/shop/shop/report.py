import sys

print(f"region {sys.argv[1]}: 12 orders")
