using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace OfflineRL.Evaluate;

/// <summary>Reads <c>estimates.csv</c> back, by the names of its columns; no native library is needed for it.</summary>
static class EstimateFile
{
    /// <exception cref="Datasets.UserErrorException">The file is missing or damaged, or has estimates of one policy twice.</exception>
    public static IReadOnlyList<CandidateEstimate> Read(string folder)
    {
        var path = Path.Combine(folder, "estimates.csv");
        if (!File.Exists(path))
            throw EvaluateThrow.NoEstimates(folder);
        var rows = ReadRows(path);
        if (rows.Count == 0)
            throw EvaluateThrow.NoEstimates(folder);
        var seen = new HashSet<(Candidate, string, string)>();
        foreach (var row in rows)
        {
            if (!seen.Add((row.Candidate, row.Estimator, row.ValueModel)))
                throw EvaluateThrow.DuplicateEstimate(folder, row.Candidate.ToString(), row.Estimator);
        }

        return rows;
    }

    static List<CandidateEstimate> ReadRows(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture));
            csv.Read();
            csv.ReadHeader();
            var header = csv.HeaderRecord!.ToHashSet(StringComparer.Ordinal);
            var rows = new List<CandidateEstimate>();
            while (csv.Read())
            {
                rows.Add(new CandidateEstimate
                {
                    Candidate = new Candidate(csv.GetField<string>("algorithm")!, csv.GetField<string>("policy")!, csv.GetField<long?>("seed"), csv.GetField<int?>("step")),
                    Dataset = csv.GetField<string>("dataset")!,
                    Split = csv.GetField<string>("split")!,
                    Estimator = csv.GetField<string>("estimator")!,
                    // Reports from before there were estimators with values do not have these columns.
                    ValueModel = header.Contains("value_model") ? csv.GetField<string>("value_model")! : "none",
                    Target = header.Contains("target") ? csv.GetField<string>("target")! : Targets.FiniteHorizon,
                    Discount = csv.GetField<double>("discount"),
                    Estimate = csv.GetField<double?>("estimate"),
                    Low = csv.GetField<double?>("low"),
                    High = csv.GetField<double?>("high"),
                    EffectiveSampleSize = csv.GetField<double?>("effective_sample_size"),
                    BehaviorReturn = csv.GetField<double>("behavior_return"),
                    Verdict = csv.GetField<string>("verdict")!,
                });
            }

            return rows;
        }
        catch (Exception e) when (e is CsvHelperException or IOException)
        {
            throw EvaluateThrow.BadEstimates(path, e);
        }
    }
}
