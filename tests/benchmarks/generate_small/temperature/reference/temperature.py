import sys


def to_fahrenheit(celsius):
    return celsius * 9 / 5 + 32


def to_celsius(fahrenheit):
    return (fahrenheit - 32) * 5 / 9


def main():
    value, unit = float(sys.argv[1]), sys.argv[2]
    print(f"{to_fahrenheit(value) if unit == 'c' else to_celsius(value):.1f}")


if __name__ == "__main__":
    main()
