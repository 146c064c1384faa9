using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace OfflineRL.Evaluate;

/// <summary>Reads <c>rollouts.csv</c> back; no native library is needed for it.</summary>
static class RolloutFile
{
    /// <exception cref="Datasets.UserErrorException">The file is missing or damaged.</exception>
    public static IReadOnlyList<RolloutRow> Read(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture));
            csv.Read();
            csv.ReadHeader();
            var rows = new List<RolloutRow>();
            while (csv.Read())
            {
                rows.Add(new RolloutRow
                {
                    Algorithm = csv.GetField<string>("algorithm")!,
                    Policy = csv.GetField<string>("policy")!,
                    Task = csv.GetField<string>("task")!,
                    Environment = csv.GetField<string>("environment")!,
                    Label = csv.GetField<string>("label")!,
                    Seed = csv.GetField<long?>("seed"),
                    Step = csv.GetField<int?>("step"),
                    IsLast = csv.GetField<bool>("is_last"),
                    RolloutSeed = csv.GetField<long>("rollout_seed"),
                    Episode = csv.GetField<int>("episode"),
                    Return = csv.GetField<double>("return"),
                    Length = csv.GetField<int>("length"),
                    Terminated = csv.GetField<bool>("terminated"),
                    Truncated = csv.GetField<bool>("truncated"),
                    // Reports older than these columns do without.
                    Success = csv.TryGetField<bool?>("success", out var success) ? success : null,
                    DiscountedReturn = csv.TryGetField<double?>("discounted_return", out var discounted) ? discounted : null,
                    Discount = csv.TryGetField<double?>("discount", out var discount) ? discount : null,
                });
            }

            return rows;
        }
        catch (Exception e) when (e is CsvHelperException or IOException)
        {
            throw EvaluateThrow.BadRollouts(path, e);
        }
    }
}
