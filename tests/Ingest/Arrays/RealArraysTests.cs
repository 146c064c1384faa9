using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Arrays;

/// <summary>Real logs of arrays, against the figures of their READMEs.</summary>
public sealed class RealArraysTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    [Theory]
    [InlineData("neorl2_dmsd", "neorl2/DMSD-high-100000-train.npz", 100_000, 1000, 0, 494.45)]
    [InlineData("neorl2_dmsd_val", "neorl2/DMSD-high-20000-val.npz", 20_000, 200, 0, 481.22)]
    [InlineData("neorl2_simglucose", "neorl2/Simglucose-high-100000-train.npz", 100_257, 280, 111, 353.45)]
    [InlineData("neorl2_simglucose_val", "neorl2/Simglucose-high-20000-val.npz", 20_018, 62, 30, 316.16)]
    [InlineData("adroit_door", "adroit_human_demos/door-v0_demos.npz", 6729, 25, 0, 794.1)]
    public void ALogsFigures_AreThoseOfItsReadme(string config, string file, int steps, int episodes, int terminated, double meanReturn)
    {
        var path = SharedData.Require(file);
        var map = Config.Load<ImportConfig>(Path.Combine(Checkout.Root, "ingest", "configs", config + ".yaml"), [$"source=['{path}']"]);
        var dataset = _recording.Import(map);
        var counts = dataset.Manifest.Counts;
        Assert.Equal((steps, episodes, terminated, 0L), (counts.Steps, counts.Episodes, counts.Terminated, counts.Rejected));
        Assert.Equal(meanReturn, dataset.Manifest.Statistics.Return!.Mean, 0.05);
        // Adroit's demonstrations lack the observation after the last step; NeoRL-2 has it.
        Assert.All(dataset.Episodes, e => Assert.Equal(file.StartsWith("neorl2", StringComparison.Ordinal), e.FinalObservationKnown));
        dataset.Check(NullProgress.Instance);
    }
}
