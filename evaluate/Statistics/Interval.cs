namespace OfflineRL.Evaluate;

/// <summary>A confidence interval, both ends in the unit of the estimate; NaN where none can be given.</summary>
public readonly record struct Interval(double Low, double High)
{
    public static readonly Interval None = new(double.NaN, double.NaN);

    public bool Contains(double value) => Low <= value && value <= High;
}
