using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Evaluate;

/// <summary>Real logs with their logits, against numbers of an independent script (tests/golden/rllib_ope.py).</summary>
public sealed class RllibOpeTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-rllib-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("rllib_cartpole_csv", "decoded_large.csv.gz")]
    [InlineData("rllib_cartpole_parquet", "cartpole-v1_large/*.parquet")]
    public void Estimates_OfSharperAndFlatterPolicies_EqualStoredNumbers(string config, string source)
    {
        var folder = SharedData.Require("rllib_cartpole");
        var workspace = Workspace.Open(_root);
        var import = Config.Load<ImportConfig>(Path.Combine(Checkout.Root, "ingest", "configs", config + ".yaml"), []);
        ImportJob.Run(import with { Source = [Path.Combine(folder, source)] }, workspace, NullProgress.Instance, default);
        var ope = Config.Load<OpeConfig>(Path.Combine(Checkout.Root, "evaluate", "configs", "rllib_cartpole_ope.yaml"), []);
        var estimates = OpeJob.Run(ope, workspace, NullProgress.Instance, TimeProvider.System, default).Summary.Estimates;
        Assert.Equal(12, estimates.Count);

        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", "rllib_ope.json")));
        foreach (var row in estimates)
        {
            var stored = golden.RootElement.GetProperty(row.Policy[(row.Policy.LastIndexOf('=') + 1)..]);
            Same(stored.GetProperty(row.Estimator), row.Estimate);
            Same(stored.GetProperty("effective_sample_size"), row.EffectiveSampleSize);
            Same(stored.GetProperty("mean_weight"), row.MeanWeight);
            Same(stored.GetProperty("max_weight"), row.MaxWeight);
        }

        // The behavior policy itself: the log's mean return, to the rounding of its float32 probabilities over 200 steps.
        Assert.All(estimates.Where(e => e.Policy.EndsWith("=1", StringComparison.Ordinal)), e => Assert.Equal(197, e.Estimate!.Value, 1e-4));

        static void Same(JsonElement expected, double? actual) =>
            Assert.True(Math.Abs(expected.GetDouble() - actual!.Value) <= 1e-9 * Math.Abs(expected.GetDouble()), $"{actual:R} where {expected} is stored");
    }
}
