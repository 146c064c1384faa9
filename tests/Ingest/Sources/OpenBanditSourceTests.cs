using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class OpenBanditSourceTests : IDisposable
{
    const string Header = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user-item_affinity_0,user-item_affinity_1";

    static readonly string[] Rows =
    [
        "0,2019-11-24 00:00:18.123456+00:00,0,3,0,0.5,aa,xx,0.0,1.0",
        "1,2019-11-24 00:00:19+00:00,1,1,1,0.25,bb,xx,2.0,0.0",
    ];

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new() { Name = "x", Source = source };

    [Theory]
    [InlineData("random", "men", 46, 34)]
    [InlineData("bts", "men", 69, 34)]
    [InlineData("random", "women", 46, 46)]
    [InlineData("bts", "women", 46, 46)]
    public void TheSample_NeedsNoMap(string policy, string campaign, int clicks, int items)
    {
        var folder = Path.GetDirectoryName(SharedData.Require($"open_bandit_dataset/{policy}/{campaign}/{campaign}.csv"))!;
        // The folder holds the items too.
        var dataset = _recording.Import(Map(folder));
        dataset.Check(NullProgress.Instance);
        var manifest = dataset.Manifest;
        Assert.Equal((10_000, 10_000, 0), (manifest.Counts.Steps, manifest.Counts.Episodes, manifest.Counts.Rejected));
        Assert.Equal(clicks / 10_000.0, manifest.Statistics.Return!.Mean, 1e-12);
        Assert.Equal(new DiscreteSpace(items), manifest.ActionSpace);
        Assert.Equal((PropensitySource.Logged, true), (manifest.PropensitySource, manifest.HasTimestamp));
        Assert.Equal(policy, dataset.Episodes[0].BehaviorPolicy);
        Assert.Contains("user_feature_0=", manifest.Provenance.Config, StringComparison.Ordinal);
        var uniform = 0;
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            // Of the position one place is set, of each of the four features one.
            var codes = e.Observations[..^items].ToArray();
            Assert.Equal(5, codes.Sum());
            Assert.All(codes, c => Assert.True(c is 0 or 1));
            uniform += Math.Abs(Math.Exp(e.BehaviorLogProbabilities[0]) - (1.0 / items)) < 1e-9 ? 1 : 0;
        });
        Assert.Equal(policy == "random", uniform == 10_000);
    }

    [Fact]
    public void ItemFeatures_AreThoseOfEachAction()
    {
        var path = SharedData.Require("open_bandit_dataset/bts/men/men.csv");
        var dataset = _recording.Import(Map(path) with { ActionFeatures = ["item_features"] });
        dataset.Check(NullProgress.Instance);
        var rows = File.ReadLines(Path.Combine(Path.GetDirectoryName(path)!, "item_context.csv")).Skip(1).Select(l => l.Split(',')).ToList();
        var width = 1 + Enumerable.Range(3, 3).Sum(c => rows.Select(r => r[c]).Distinct().Count());
        Assert.Equal(width, dataset.Manifest.ActionFeatures);
        Assert.Contains(dataset.Manifest.Provenance.Notes, n => n.Contains("item_feature_1 is [", StringComparison.Ordinal));
        dataset.ReadEpisode(7, (EpisodeRecord _, in EpisodeColumns e) =>
        {
            for (var item = 0; item < rows.Count; item++)
            {
                var features = e.ActionFeatures.Slice(item * width, width).ToArray();
                Assert.Equal(float.Parse(rows[item][2], System.Globalization.CultureInfo.InvariantCulture), features[0]);
                Assert.Equal(3, features[1..].Sum());
            }
        });
    }

    [Fact]
    public void CodesValuesOfAnotherLog_AndASplitByPosition_AreThere()
    {
        var path = _recording.Write("a.csv", [Header, .. Rows]);
        var dataset = _recording.Import(Map(path) with
        {
            Observation = ["user_feature_0_code", "user_feature_0=bb", "user_feature_0=of another log", "position_2", "position_3", "user-item_affinity_*"],
            SplitKey = "position",
        });
        var seen = new List<string>();
        dataset.ReadEpisodes((EpisodeRecord record, in EpisodeColumns e) => seen.Add(string.Join(' ', e.Observations.ToArray()) + " | " + e.SplitKey + " | " + e.TimestampMicros[0]));
        Assert.Equal(["0 0 0 0 1 0 1 | 3 | 1574553618123456", "1 1 0 0 0 2 0 | 1 | 1574553619000000"], seen);
        Assert.Contains(dataset.Manifest.Provenance.Notes, n => n == "user_feature_0_code is the place, from 0, in [aa, bb].");
    }

    [Theory]
    [InlineData("0,2019-11-24,0,3,0,0,aa,xx,0,1", "column 'propensity_score': found '0'")]
    [InlineData("0,2019-11-24,0,3,0,1.5,aa,xx,0,1", "column 'propensity_score': found '1.5'")]
    [InlineData("0,2019-11-24,0,3,0,,aa,xx,0,1", "")]
    [InlineData("0,2019-11-24,2,3,0,0.5,aa,xx,0,1", "column 'item_id': found '2'; expected a whole number from 0 to 1")]
    [InlineData("0,2019-11-24,-1,3,0,0.5,aa,xx,0,1", "column 'item_id': found '-1'")]
    [InlineData("0,2019-11-24,0.5,3,0,0.5,aa,xx,0,1", "column 'item_id': found '0.5'")]
    [InlineData("0,2019-11-24,0,,0,0.5,aa,xx,0,1", "column 'position_1'")]
    [InlineData("0,2019-11-24,0,3,perhaps,0.5,aa,xx,0,1", "column 'click': found 'perhaps'")]
    [InlineData("0,2019-11-24,0,3,,0.5,aa,xx,0,1", "column 'click': found nothing")]
    [InlineData("0,yesterday,0,3,0,0.5,aa,xx,0,1", "column 'timestamp': found 'yesterday'")]
    [InlineData("0,2019-11-24,0,3,0,0.5,aa,xx,x,1", "column 'user-item_affinity_0': found 'x'")]
    [InlineData("0,2019-11-24,0,3,0,0.5,aa,xx,0", "line 2: found 9 fields; expected 10")]
    [InlineData("0,2019-11-24,0,3,0,0.5,\"aa,xx,0,1", "line 2")]
    public void ARow_ThatCannotBeTaken_IsNamedOrListed(string row, string message)
    {
        var path = _recording.Write("a.csv", Header, row, Rows[1]);
        if (message.Length > 0)
            AssertRefused(Map(path), message);
        if (message.Length == 0)
            return;
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        Assert.Equal((1, 1), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
        Assert.Contains($"{path},1,", File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x,item_feature_0\n0,1\n", "")]
    [InlineData(",item_id,item_feature_0\n0,0,1\n1,0,2\n", "item 0 is there twice")]
    [InlineData(",item_id,item_feature_0\n0,0,1\n1,5,2\n", "2 items do not have the ids from 0 to 1")]
    [InlineData(",item_id,other\n0,0,1\n", "has no item_feature_0")]
    [InlineData(",item_id,item_feature_0\n0,x,1\n", "item_context.csv")]
    [InlineData(",item_id,item_feature_0\n0,99999999,1\n", "beyond 9999")]
    [InlineData(",item_id,item_feature_0\n0,0,1\n", "action_features (item_features) has 1 numbers in the first row")]
    [InlineData("", "item_context.csv")]
    public void Items_ThatAreNone_AreNamed(string items, string message)
    {
        var path = _recording.Write("a.csv", [Header, .. Rows]);
        File.WriteAllText(Path.Combine(_recording.Workspace.Root, "item_context.csv"), items);
        AssertRefused(Map(path) with { ActionFeatures = ["item_features"] }, message);
    }

    [Fact]
    public void AFile_ThatIsNone_IsNamed()
    {
        AssertRefused(Map(_recording.Write("a.csv", "item_id,position,click", "1,1,1")) with { Format = SourceFormat.OpenBandit }, "there is no column 'propensity_score'");
        AssertRefused(Map(_recording.Write("b.csv", "item,position,click,propensity_score", "1,1,1,1")) with { Format = SourceFormat.OpenBandit }, "there is no column 'item_id'");
        AssertRefused(Map(_recording.Write("item_context.csv", "item_id,item_feature_0", "0,1")), "items alone");
    }

    void AssertRefused(ImportConfig config, string message)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => _recording.Import(config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
