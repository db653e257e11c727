import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--part", type=int)
parser.add_argument("--of", type=int)
given = parser.parse_args()
print(f"part {given.part} of {given.of}, with a database: {'DATABASE_URL' in os.environ}")
