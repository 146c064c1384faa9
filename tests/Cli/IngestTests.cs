using OfflineRL.Datasets;

namespace OfflineRL.Tests.Cli;

public sealed class IngestTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("offlinerl-ingest-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("offlinerl ingest record --name", "ingest", "record")]
    [InlineData("offlinerl ingest import --config", "ingest", "import")]
    [InlineData("offlinerl ingest validate --dataset", "ingest", "validate")]
    [InlineData("offlinerl ingest propensities --dataset", "ingest", "propensities")]
    [InlineData("offlinerl ingest --config", "ingest")]
    [InlineData("offlinerl environments list CartPole-v1", "environments", "list")]
    public void Help_OfEveryCommand_ShowsAnExample(string example, params string[] command) =>
        Assert.Contains(example, Tool.Run(_root, [.. command, "--help"]).Expect(0).Output, StringComparison.Ordinal);

    [Fact]
    public void Record_WithOptions_WritesADatasetAndATable()
    {
        var result = Tool.Run(_root, "ingest", "record", "--name", "small", "--steps", "1000", "--seed", "3", "--policy", "scripted?epsilon=0.5", "--epsilon", "0", "--set", "mixture=[{policy: uniform}]").Expect(0);
        Assert.Matches(@"uniform +\d+ +\d+ +\d+\.\d", result.Output);
        Assert.Matches(@"all +\d+ +1,000 ", result.Output);
        Assert.Contains("small-v1: CartPole-v1, sha256:", result.Output, StringComparison.Ordinal);
        var dataset = Dataset.Open(Workspace.Open(_root), "small");
        Assert.Contains("steps: 1000", dataset.Manifest.Provenance.Config, StringComparison.Ordinal);
        Assert.Contains("scripted?epsilon=0.5", dataset.Episodes.Select(e => e.BehaviorPolicy));
    }

    [Fact]
    public void Ingest_FromAConfig_DispatchesByItsJob()
    {
        var record = Path.Combine(Checkout.Root, "ingest", "configs", "cartpole.yaml");
        Assert.Contains("cartpole-v1", Tool.Run(_root, "ingest", "--config", record, "--set", "steps=200").Expect(0).Output, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_root, "log.csv"), "o,a,r,d\n1,0,1,0\n2,1,1,1\n");
        var import = Path.Combine(_root, "import.yaml");
        File.WriteAllText(import, "job: import\nname: log\nsource: log.csv\nobservation: o\naction: a\nreward: r\ndone: d\n");
        Assert.Matches(@"2 +1 +1 +0 +0 +2\.00", Tool.Run(_root, "ingest", "--config", import).Expect(0).Output);
        File.WriteAllText(import, "name: log\n");
        Assert.Contains("the key 'job' is missing; expected record or import", Tool.Run(_root, "ingest", "--config", import).Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("needs a job", Tool.Run(_root, "ingest").Expect(2).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unknown key 'stesp'. Did you mean 'steps'?", "record", "--set", "stesp=5")]
    [InlineData("may not be recorded", "record", "--environment", "CartPole-v1?length=1")]
    [InlineData("Unknown environment 'CartPole'", "record", "--environment", "CartPole")]
    [InlineData("Unknown built-in policy 'scrpted'", "record", "--set", "mixture=[{policy: scrpted}]")]
    [InlineData("no-such-run", "record", "--policy", "no-such-run")]
    [InlineData("expected a built-in policy, or one policy of a run", "record", "--policy", "columns:logits=x")]
    [InlineData("no file of that name", "import", "--name", "x", "--source", "none.csv", "--set", "observation=o", "--set", "action=a", "--set", "done=d")]
    public void Ingest_OfWhatCannotBe_EndsWith2AndOneMessageAndLeavesNothing(string message, params string[] arguments)
    {
        var result = Tool.Run(_root, ["ingest", .. arguments]).Expect(2);
        Assert.StartsWith("offlinerl: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Record_OntoANameThatExists_EndsWith2()
    {
        Tool.Run(_root, "ingest", "record", "--name", "once-v1", "--steps", "50").Expect(0);
        Assert.Contains("once-v1", Tool.Run(_root, "ingest", "record", "--name", "once-v1", "--steps", "50").Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void EnvironmentsList_OfOne_ShowsParametersAndHeldOutVariants()
    {
        Assert.Contains("CartPole-v1", Tool.Run(_root, "environments", "list").Expect(0).Output, StringComparison.Ordinal);
        var output = Tool.Run(_root, "environments", "list", "CartPole-v1").Expect(0).Output;
        Assert.Matches(@"length +0\.5 +m, half of the pole +\[0\.4, 0\.6\] +\[0\.1, 0\.3\] \[0\.75, 3\]", output);
        Assert.Matches(@"wide-start +CartPole-v1\?start=0\.15", output);
        Assert.Contains("Did you mean 'CartPole-v1'?", Tool.Run(_root, "environments", "list", "Cartpole-v1").Expect(2).Error, StringComparison.Ordinal);
    }
}
