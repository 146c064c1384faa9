using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>Numbers as reports show them, on standard output and on the page.</summary>
public static class ReportNumbers
{
    /// <summary>Returns are read to a tenth; weights of 10^-9 and 10^9 must be seen as such.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 0.01 or >= 1e6 => value.ToString("0.##e+0", CultureInfo.InvariantCulture),
        < 1 => value.ToString("0.###", CultureInfo.InvariantCulture),
        _ => value.ToString("0.0", CultureInfo.InvariantCulture),
    };

    /// <summary>The ends of an interval; a dash where there is none.</summary>
    public static string Ends(double? low, double? high) => low is { } l && high is { } h ? $"[{Number(l)}, {Number(h)}]" : "-";

    /// <summary>A value and its interval, where there is one.</summary>
    public static string WithEnds(double value, double? low, double? high) => low is null ? Number(value) : $"{Number(value)} {Ends(low, high)}";

    /// <summary>A difference: a plus where it is above 0.</summary>
    public static string Signed(double value) => value > 0 ? "+" + Number(value) : Number(value);

    /// <summary>Such as 95 %.</summary>
    public static string Percent(double confidence) => string.Create(CultureInfo.InvariantCulture, $"{100 * confidence:0.##} %");

    /// <summary>With separators of thousands.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
