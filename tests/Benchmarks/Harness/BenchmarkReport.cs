using System.Globalization;

namespace OfflineRL.Benchmarks.Harness;

/// <summary>A figure beside what it is compared with.</summary>
/// <param name="What">The work.</param>
/// <param name="Value">The median of several windows.</param>
/// <param name="Unit">For example steps/s.</param>
/// <param name="Reference">The same unit; NaN where there is none.</param>
/// <param name="ReferenceName">The rival (measured in this run or recorded earlier: it says which) or the floor.</param>
/// <param name="Target">The least (or, for times and sizes, the largest) value of the ratio or of the figure that is asked for, in words.</param>
/// <param name="Met">Whether the target holds; null where there is none or the rival was not measured.</param>
sealed record Figure(string What, double Value, string Unit, double Reference, string ReferenceName, string Target, bool? Met)
{
    public string Ratio => double.IsNaN(Reference) ? "" : (Value / Reference).ToString("0.00", CultureInfo.InvariantCulture);
}

/// <summary>Collects figures and says each as it comes.</summary>
sealed class BenchmarkReport
{
    readonly List<Figure> _figures = [];

    public IReadOnlyList<Figure> Figures => _figures;

    public void Add(string what, double value, string unit, double reference = double.NaN, string referenceName = "", string target = "", bool? met = null)
    {
        var figure = new Figure(what, value, unit, reference, referenceName, target, met);
        _figures.Add(figure);
        Console.WriteLine($"  {what}: {Number(value)} {unit}{(double.IsNaN(reference) ? "" : $", {figure.Ratio} x {referenceName} ({Number(reference)})")}{(target.Length == 0 ? "" : $"; target {target}: {Verdict(met)}")}");
    }

    /// <summary>A Markdown table of all figures.</summary>
    public string ToMarkdown() =>
        "| work | figure | ratio | of | target | met |\n|---|---|---|---|---|---|\n" +
        string.Concat(_figures.Select(f =>
            $"| {f.What} | {Number(f.Value)} {f.Unit} | {f.Ratio} | {(double.IsNaN(f.Reference) ? "" : $"{f.ReferenceName}: {Number(f.Reference)}")} | {f.Target} | {Verdict(f.Met)} |\n"));

    static string Verdict(bool? met) => met switch { true => "yes", false => "NO", null => "" };

    static string Number(double value) => Math.Abs(value) switch
    {
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.000", CultureInfo.InvariantCulture),
    };
}
