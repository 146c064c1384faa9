namespace OfflineRL.Evaluate;

/// <summary>All that is found of one policy, or, joined, of several: the rows of the report's tables.</summary>
sealed record PolicyFindings(
    IReadOnlyList<EstimateRow> Estimates,
    IReadOnlyList<IntervalRow> Intervals,
    IReadOnlyList<DiagnosticRow> Diagnostics,
    IReadOnlyList<WeightBarRow> Weights,
    IReadOnlyList<ReturnRow> Returns)
{
    public static PolicyFindings Join(IReadOnlyList<PolicyFindings> all) => new(
        all.SelectMany(f => f.Estimates).ToList(),
        all.SelectMany(f => f.Intervals).ToList(),
        all.SelectMany(f => f.Diagnostics).ToList(),
        all.SelectMany(f => f.Weights).ToList(),
        all.SelectMany(f => f.Returns).ToList());

    /// <summary>Writes every table as CSV and Parquet.</summary>
    public void Write(string folder)
    {
        Write(folder, "estimates", Estimates);
        Write(folder, "intervals", Intervals);
        Write(folder, "diagnostics", Diagnostics);
        Write(folder, "weights", Weights);
        Write(folder, "returns", Returns);
    }

    static void Write<T>(string folder, string name, IReadOnlyList<T> rows)
        where T : notnull => Datasets.TabularResults.Write(Path.Combine(folder, name), rows);
}
