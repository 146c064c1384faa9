namespace OfflineRL.Environments;

static partial class Throw
{
    /// <returns>The value, a whole number between the bounds.</returns>
    public static int IfStateOutside(double value, string name, int low, int high) =>
        double.IsInteger(value) && value >= low && value <= high
            ? (int)value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"State '{name}' is {value}; expected a whole number from {low} to {high}.");

    public static ArgumentOutOfRangeException StateImpossible(string what) => new(what, innerException: null);
}
