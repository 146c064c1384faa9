using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets;

namespace OfflineRL.Tests.Cli;

public sealed class DatasetsTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("list", "offlinerl datasets list --root")]
    [InlineData("show", "offlinerl datasets show cartpole")]
    [InlineData("check", "offlinerl datasets check cartpole")]
    [InlineData("split", "offlinerl datasets split cartpole --parts train=0.8,val=0.1,test=0.1")]
    [InlineData("merge", "offlinerl datasets merge monday tuesday --name week")]
    public void Help_OfEveryCommand_ShowsAnExample(string command, string example) =>
        Assert.Contains(example, Run("datasets", command, "--help").Expect(0).Output, StringComparison.Ordinal);

    [Fact]
    public void List_OfDatasets_HasALineEach()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 5);
        SampleEpisodes.Make(_workspace.Workspace, "sample", 6);
        string[] lines = Run("datasets", "list").Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^sample-v1 +\d+ +5 +\d.* CartPole-v1 +logged probability", lines[1]);
        Assert.StartsWith("sample-v2", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfAFolderOfColumns_ReadsEveryByte()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 5);
        string folder;
        using (TrainingColumns columns = Dataset.Open(_workspace.Workspace, "sample").Compile(NullProgress.Instance))
        {
            folder = columns.Folder;
        }

        Assert.Contains("holds; every byte is as it was written", Run("datasets", "check", folder).Expect(0).Output, StringComparison.Ordinal);
        string path = Path.Combine(folder, "rewards.npy");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("'rewards.npy' has another SHA-256", Run("datasets", "check", folder).Expect(1).Output, StringComparison.Ordinal);
        Assert.Contains("'rewards.npy' has another SHA-256", Run("datasets", "check", "sample").Expect(1).Output, StringComparison.Ordinal);
        string refused = Run("train", "--dataset", "sample", "--steps", "10", "--device", "cpu").Expect(2).Error;
        Assert.Contains("were changed after they were made", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void List_OfNone_SaysHowToGetOne() =>
        Assert.Contains("offlinerl ingest record", Run("datasets", "list").Expect(0).Error, StringComparison.Ordinal);

    [Fact]
    public void Show_PrintsWhatTheManifestAndTheEpisodesHold()
    {
        DatasetManifest manifest = SampleEpisodes.Make(_workspace.Workspace, "sample", 20);
        string output = Run("datasets", "show", "sample").Expect(0).Output;
        foreach (string expected in (string[])[manifest.ContentHash, "CartPole-v1?gravity=9.8&length=0.5", "box(4, float32)", "discrete(2)",
            "logged probability, with the whole distribution", "20: 10 terminated, 10 truncated", "train 1 (20 episodes)", manifest.Files[0].Sha256])
        {
            Assert.Contains(expected, output, StringComparison.Ordinal);
        }

        Assert.Matches(@"policy even +10 +\d+ ", output);
        Dataset dataset = Dataset.Open(_workspace.Workspace, "sample");
        double[] returns = [.. dataset.Episodes.Select(e => e.Return).Order()];
        string median = ((returns[9] + returns[10]) / 2).ToString("G6", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Matches($@"all episodes +20 +{manifest.Counts.Steps} .* {System.Text.RegularExpressions.Regex.Escape(median)} ", output);
    }

    [Fact]
    public void Show_NamesTheFeaturesOfActions()
    {
        using (DatasetWriter writer = DatasetWriter.Create(_workspace.Workspace, "shop", new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(1),
            ActionSpace = new DiscreteSpace(3),
            ActionFeatures = 2,
            Provenance = new Provenance { Command = "test" },
        }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "k", BehaviorPolicy = "p", Observations = [1], DiscreteActions = [0], Rewards = [1], Terminated = true, ActionFeatures = [1, 2, 3, 4, 5, 6] });
            writer.Commit();
        }

        Assert.Matches(@"actions: +discrete\(3\), each with 2 features", Run("datasets", "show", "shop").Expect(0).Output);
    }

    [Fact]
    public void Merge_OfOneDataset_SaysThatItTakesTwo() => Assert.Contains(
        "datasets merge was given one dataset, 'monday'; expected two or more, such as 'offlinerl datasets merge monday OTHER --name week'",
        Run("datasets", "merge", "monday", "--name", "week").Expect(2).Error,
        StringComparison.Ordinal);

    [Fact]
    public void Show_AsJson_HoldsTheCard()
    {
        DatasetManifest manifest = SampleEpisodes.Make(_workspace.Workspace, "sample", 50);
        JsonNode card = JsonNode.Parse(Run("datasets", "show", "sample", "--json").Expect(0).Output)!;
        Assert.Equal(manifest.ContentHash, (string?)card["manifest"]!["content_hash"]);
        Assert.Equal(50, card["returns"]!["histogram"]!["counts"]!.AsArray().Sum(c => (long)c!));
        Assert.Equal(manifest.Counts.Steps, (long)card["propensities"]!["steps"]!);
    }

    [Fact]
    public void Show_AsAPage_IsWellFormedAndSelfContained()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 50);
        File.WriteAllText(Path.Combine(Dataset.Open(_workspace.Workspace, "sample").Folder, "validation.json"), """[{"check": "gap", "severity": "warning", "file": "a.csv", "row": 7, "count": 3, "sample": "<b>5</b>", "meaning": "expected 6"}]""");
        string path = Path.Combine(_workspace.Root, "card.html");
        Assert.Equal("", Run("datasets", "show", "sample", "--html", path).Expect(0).Output);
        string html = File.ReadAllText(path);
        // Void elements apart, what HTML wants closed is closed: the page is XML too.
        XDocument page = XDocument.Parse(Regex.Replace(html.Replace("<!doctype html>", "", StringComparison.Ordinal), "<meta [^>]*>", ""));
        string[] headings = [.. page.Descendants("h2").Select(h => h.Value)];
        Assert.Equal(["Returns and lengths", "Action coverage", "Propensity coverage", "Columns", "What validation found", "Lineage", "Files"], headings);
        Assert.Equal(3, page.Descendants("svg").Count(s => s.Descendants("line").Any()));
        Assert.Contains(page.Descendants("td"), td => td.Value == "<b>5</b>");
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
        Assert.Contains("@media print", html, StringComparison.Ordinal);
        Assert.Contains("width=device-width", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?i)<script|<link|https?://|url\\(|@import", html);
        Assert.Contains("exists already", Run("datasets", "show", "sample", "--html", path).Expect(2).Error, StringComparison.Ordinal);
        Run("datasets", "show", "sample", "--html", path, "--force").Expect(0);
    }

    [Fact]
    public void Check_OfASoundDataset_Ends0()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        Assert.Contains("sample-v1: holds", Run("datasets", "check", "sample").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfATamperedDataset_Ends1WithAllFindings()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        SampleEpisodes.Make(_workspace.Workspace, "other");
        Rewrite.Part(Dataset.Open(_workspace.Workspace, "sample"), "SELECT * REPLACE (reward + 1 AS reward) FROM part");
        ToolResult result = Run("datasets", "check", "sample", "other").Expect(1);
        Assert.Contains("the rewards of episode 0 sum to", result.Output, StringComparison.Ordinal);
        Assert.Contains("the content hash of the rows", result.Output, StringComparison.Ordinal);
        Assert.Contains("other-v1: holds", result.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 2 datasets", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfEveryKindOfDamage_Ends1WithALineEach()
    {
        foreach (var name in (string[])["missing", "extra", "short", "changed", "manifest", "counts", "statistics", "sound"])
            SampleEpisodes.Make(_workspace.Workspace, name);
        File.Delete(Data("missing", "data/part-00000.parquet"));
        File.WriteAllText(Data("extra", "data/part-00007.parquet"), "more");
        File.WriteAllBytes(Data("short", "episodes.parquet"), File.ReadAllBytes(Data("short", "episodes.parquet"))[..^50]);
        Flip(Data("changed", "data/part-00000.parquet"));
        File.WriteAllText(Data("manifest", "manifest.json"), File.ReadAllText(Data("manifest", "manifest.json"))[..^200]);
        Edit("counts", "\"terminated\": 10", "\"terminated\": 11");
        Edit("statistics", "\"action_counts\": [", "\"action_counts\": [\n 1,");

        ToolResult result = Run("datasets", "check", "missing", "extra", "short", "changed", "manifest", "counts", "statistics", "sound").Expect(1);
        Assert.Contains("7 of 8 datasets", result.Error, StringComparison.Ordinal);
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["  'data/part-00000.parquet' is missing"], Of("missing-v1: 1 finding"));
        Assert.Equal(["  'data/part-00007.parquet' is not in the manifest"], Of("extra-v1: 1 finding"));
        Assert.Matches(@"^  'episodes.parquet' has \d+ bytes, the manifest says \d+: it is truncated$", Assert.Single(Of("short-v1: 1 finding")));
        Assert.Contains(Of("changed-v1: "), line => line == "  'data/part-00000.parquet' has another SHA-256 than the manifest says: it was changed");
        Assert.Contains("manifest.json' is not a valid DatasetManifest", Assert.Single(Of("manifest: 1 finding")), StringComparison.Ordinal);
        Assert.Equal(["  found 10 terminated episodes, the manifest says 11"], Of("counts-v1: 1 finding"));
        Assert.Contains("times, the manifest says 1, ", Assert.Single(Of("statistics-v1: 1 finding")), StringComparison.Ordinal);
        Assert.Empty(Of("sound-v1: holds"));

        string[] Of(string head) => [.. lines.SkipWhile(l => !l.StartsWith(head, StringComparison.Ordinal)).Skip(1).TakeWhile(l => l.StartsWith("  ", StringComparison.Ordinal))];
        string Data(string name, string file) => Path.Combine(_workspace.DataFolder, name + "-v1", file);
        void Edit(string name, string from, string to)
        {
            string text = File.ReadAllText(Data(name, "manifest.json"));
            Assert.Contains(from, text, StringComparison.Ordinal);
            File.WriteAllText(Data(name, "manifest.json"), text.Replace(from, to, StringComparison.Ordinal));
        }

        static void Flip(string path)
        {
            byte[] bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 3] ^= 4;
            File.WriteAllBytes(path, bytes);
        }
    }

    [Fact]
    public void Split_WritesTheNextVersion()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 100);
        string output = Run("datasets", "split", "sample", "--parts", "train=0.5,test=0.5", "--seed", "3").Expect(0).Output;
        Assert.StartsWith("sample-v2\n", output, StringComparison.Ordinal);
        DatasetManifest manifest = Dataset.Open(_workspace.Workspace, "sample").Manifest;
        Assert.Equal(3ul, manifest.Split.Seed);
        Assert.Contains($"test     0.5        {manifest.Counts.EpisodesBySplit["test"]}", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Split_ToAnExistingVersion_Ends2AndLeavesNothing()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        Assert.Contains("'sample-v1' exists already", Run("datasets", "split", "sample", "--name", "sample-v1").Expect(2).Error, StringComparison.Ordinal);
        Assert.Equal(["sample-v1"], _workspace.DataEntries());
    }

    [Fact]
    public void Show_OfNoSuchDataset_Ends2() =>
        Assert.Contains("There is no dataset 'nothing'", Run("datasets", "show", "nothing").Expect(2).Error, StringComparison.Ordinal);

    [Fact]
    public void MissingDuckDb_Ends2AndNamesSetUp()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        Dictionary<string, string> without = new() { ["DUCKDB"] = "/nowhere/libduckdb.so" };
        string error = Tool.Run(_workspace.Root, without, "datasets", "check", "sample").Expect(2).Error;
        Assert.Contains("make setup", error, StringComparison.Ordinal);
        Assert.Contains("DUCKDB names '/nowhere/libduckdb.so'", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Tool.Run(_workspace.Root, without, "datasets", "list").Expect(0);

        string text = Path.Combine(_workspace.Root, "text.so");
        File.WriteAllText(text, "no library");
        Assert.Contains("cannot be loaded", Tool.Run(_workspace.Root, new Dictionary<string, string> { ["DUCKDB"] = text }, "datasets", "check", "sample").Expect(2).Error, StringComparison.Ordinal);
    }

    ToolResult Run(params string[] arguments) => Tool.Run(_workspace.Root, arguments);
}
