using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

public sealed class BanditSourceTests : IDisposable
{
    const string Event = """{"_label_cost": -1, "_label_probability": 0.6, "_label_Action": 2, "_labelIndex": 1, "a": [2, 1], "p": [0.6, 0.4], "EventId": "e", "Timestamp": "2026-01-31T12:00:00.1234567Z", "c": {"User": {"age": 3, "city": "Bern"}, "_multi": [{"i": {"x": 1}}, {"i": {"x": 2}}]}}""";
    const string Slots = """{"c": {"s": {"x": 1}, "_multi": [{"a": {"y": 1}}, {"a": {"y": 2}}, {"a": {"y": 3}}], "_slots": [{"p": {"z": 1}}, {"p": {"z": 2}}]}, "_outcomes": [{"_id": "top", "_label_cost": -0.5, "_a": [2, 0, 1], "_p": [0.5, 0.25, 0.25]}, {"_label_cost": 0, "_a": [1, 0], "_p": [0.75, 0.25]}]}""";
    const string Cats = """{"_label_ca": {"action": 1.5, "cost": 2, "pdf_value": 0.05}, "c": {"room=kitchen": 1}}""";

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(params string[] source) => new() { Name = "x", Source = source };

    [Theory]
    [InlineData("rcv1_raw_cb_small.vw", SourceFormat.Vw, 1000, 1000, -477, 2, 0)]
    [InlineData("rcv1_cb_eval", SourceFormat.Vw, 1000, 1000, -477, 2, 0)]
    [InlineData("dsjson_cb.json", SourceFormat.Dsjson, 23, 23, 12, 4, 256)]
    [InlineData("decisionservice.json", SourceFormat.Dsjson, 3, 3, 2, 12, 256)]
    [InlineData("cb_test256.json", SourceFormat.Dsjson, 260, 260, -130, 3, 256)]
    [InlineData("ccb_data.json", SourceFormat.Dsjson, 66, 59, 28.56, 4, 256)]
    [InlineData("igl.dsjson", SourceFormat.Dsjson, 200, 200, 61, 4, 256)]
    [InlineData("cats_room_temp.json", SourceFormat.Dsjson, 100, 100, -548.6899285040379, 0, 0)]
    public void VowpalWabbitsLogs_NeedNoMap(string name, SourceFormat format, int steps, int episodes, double reward, int actions, int features)
    {
        var path = SharedData.Require("vowpal_wabbit_cb/" + name);
        var dataset = _recording.Import(Map(path));
        dataset.Check(NullProgress.Instance);
        var manifest = dataset.Manifest;
        Assert.Equal((steps, episodes, 0), (manifest.Counts.Steps, manifest.Counts.Episodes, manifest.Counts.Rejected));
        Assert.Equal(reward, dataset.Episodes.Sum(e => e.Return), 1e-9);
        Assert.All(dataset.Episodes, e => Assert.True(e.Terminated));
        Assert.Equal((actions, features), (manifest.ActionSpace is DiscreteSpace discrete ? discrete.Count : 0, manifest.ActionFeatures));
        Assert.Equal(features > 0, manifest.HasActionMask);
        Assert.Equal((PropensitySource.Logged, actions == 0 ? PropensityKind.Density : PropensityKind.Probability), (manifest.PropensitySource, manifest.PropensityKind));
        Assert.Contains(manifest.Provenance.Notes, n => n.StartsWith("Rewards are negative costs", StringComparison.Ordinal));
        Assert.Contains(manifest.Provenance.Notes, n => n.Contains("fell on one that another had", StringComparison.Ordinal));
        Assert.Contains($"format: {(format == SourceFormat.Vw ? "vw" : "dsjson")}", Config.ToYaml(Map(path) with { Format = format }), StringComparison.Ordinal);
        Assert.Equal(manifest.ContentHash, _recording.Import(Map(path) with { Format = format }).Manifest.ContentHash);
    }

    [Fact]
    public void EveryFileOfTheFolder_IsImportedAboveOrIsTheReadme() => Assert.Equal(
        ["README.txt", "cats_room_temp.json", "cb_test256.json", "ccb_data.json", "decisionservice.json", "dsjson_cb.json", "igl.dsjson", "rcv1_cb_eval", "rcv1_raw_cb_small.vw"],
        Directory.GetFiles(SharedData.Require("vowpal_wabbit_cb")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Fact]
    public void Probabilities_AreWhatThePolicyDrewWith()
    {
        var dataset = _recording.Import(Map(SharedData.Require("vowpal_wabbit_cb/dsjson_cb.json")));
        var first = true;
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            Assert.Equal(1, e.BehaviorProbabilities.ToArray().Sum(), 1e-6);
            Assert.Equal(Math.Exp(e.BehaviorLogProbabilities[0]), e.BehaviorProbabilities[e.DiscreteActions[0]], 1e-5);
            if (first)
                Assert.Equal([0.85, 0.05, 0.05, 0.05], e.BehaviorProbabilities.ToArray().Order().Reverse(), (a, b) => Math.Abs(a - b) < 1e-7);
            first = false;
        });
        Assert.False(first);
    }

    // Known answers of MurmurHash3_x86_32.
    [Theory]
    [InlineData("", 1u, 0x514E28B7u)]
    [InlineData("abc", 0u, 0xB3DD93FAu)]
    [InlineData("Hello, world!", 0x9747b28cu, 0x24884CBAu)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x9747b28cu, 0x2FA826CDu)]
    public void Features_AreHashedByMurmurHash3(string text, uint seed, uint hash)
    {
        if (text.Length > 0)
            Assert.Equal(hash, FeatureHasher.Hash(text, seed));
        // A name of digits is a number.
        Assert.Equal(seed + 42, FeatureHasher.Hash("42", seed));
    }

    [Fact]
    public void Collisions_AreCounted()
    {
        var hasher = new FeatureHasher("x", 2);
        var vector = new float[4];
        foreach (var feature in new uint[] { 1, 5, 9, 2, 1 })
            hasher.Add(vector, feature, 0.5f);
        Assert.Equal([0, 2, 0.5f, 0], vector);
        Assert.Equal((4, 2), (hasher.Names, hasher.Collisions));
    }

    [Fact]
    public void Lines_OfOneActionEach_HaveTheirContext()
    {
        var path = _recording.Write("a.vw", "1:0.5:0.25 tag| a b:2 |n c", "", "3:-1:1 'x |n:2 c:3", "2:0:0.5 |");
        var dataset = _recording.Import(Map(path) with { Bits = 4 });
        Assert.Equal(16, dataset.Manifest.ObservationSpace.FlatSize);
        var seen = new List<(int, double, double)>();
        var sums = new List<float>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            seen.Add((e.DiscreteActions[0], e.Rewards[0], Math.Round(Math.Exp(e.BehaviorLogProbabilities[0]), 12)));
            sums.Add(e.Observations.ToArray().Sum());
        });
        Assert.Equal([(0, -0.5, 0.25), (2, 1, 1), (1, 0, 0.5)], seen);
        Assert.Equal([4f, 6, 0], sums);
    }

    [Fact]
    public void EventsOfSeveralLines_HaveFeaturesOfActionsAndAMask()
    {
        var path = _recording.Write("a.vw", "shared | s:2", "| a:1", "0:-1:0.75 | b:3", "", "shared | s", "0:1:0.5 | a", "| b", "| c", "", "", "| a", "0:0:1 | b");
        var dataset = _recording.Import(Map(path) with { Bits = 3 });
        dataset.Check(NullProgress.Instance);
        Assert.Equal((3, 8), (((DiscreteSpace)dataset.Manifest.ActionSpace).Count, dataset.Manifest.ActionFeatures));
        var seen = new List<string>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            var features = e.ActionFeatures;
            seen.Add(FormattableString.Invariant($"{e.DiscreteActions[0]} {e.Rewards[0]} {string.Join("", e.ActionMasks.ToArray().Select(m => m ? 1 : 0))} {features[..8].ToArray().Sum()} {features[8..16].ToArray().Sum()} {features[16..].ToArray().Sum()} {e.Observations.ToArray().Sum()}"));
        });
        Assert.Equal(["1 1 110 1 3 0 2", "0 -1 111 1 1 1 1", "1 0 110 1 1 0 0"], seen);
    }

    [Fact]
    public void ListsOfAllowedActions_AreMasks_AndAnActionToEvaluateIsNone()
    {
        var allowed = _recording.Import(Map(_recording.Write("a.vw", "1 2:1:0.5 3 | a", "2 3:0:0.5 | a")));
        var masks = new List<bool>();
        allowed.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => masks.AddRange(e.ActionMasks));
        Assert.Equal([true, true, true, false, true, true], masks);

        var evaluated = _recording.Import(Map(_recording.Write("b.vw", "2 1:1:0.5 | a", "2 2:0:0.5 | a")));
        Assert.False(evaluated.Manifest.HasActionMask);
        evaluated.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) => Assert.Equal(1, e.Info[0].Doubles.Span[0]));
    }

    [Fact]
    public void ContinuousActions_HaveDensities()
    {
        foreach (var path in new[] { _recording.Write("a.vw", "ca 1.5:2:0.05 | a", "ca -3:0:4 | b"), _recording.Write("a.json", Cats, Cats.Replace("1.5", "-3", StringComparison.Ordinal).Replace("0.05", "4", StringComparison.Ordinal)) })
        {
            var dataset = _recording.Import(Map(path));
            Assert.Equal((PropensityKind.Density, 1), (dataset.Manifest.PropensityKind, dataset.Manifest.ActionSpace.FlatSize));
            var actions = new List<float>();
            var logs = new List<double>();
            dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
            {
                actions.AddRange(e.ContinuousActions);
                logs.AddRange(e.BehaviorLogProbabilities);
            });
            Assert.Equal([1.5f, -3], actions);
            Assert.Equal([Math.Log(0.05), Math.Log(4)], logs);
        }
    }

    [Fact]
    public void Slots_AreStepsOfAnEpisode()
    {
        var dataset = _recording.Import(Map(_recording.Write("a.json", Slots, Slots)));
        dataset.Check(NullProgress.Instance);
        Assert.Equal((4, 2), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Episodes));
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            Assert.Equal([2, 1], e.DiscreteActions.ToArray());
            Assert.Equal([0.5, 0], e.Rewards.ToArray());
            Assert.Equal([0.25, 0.25, 0.5, 0.25, 0.75, 0], e.BehaviorProbabilities.ToArray());
            Assert.Equal([true, true, true, true, true, false], e.ActionMasks.ToArray());
            Assert.Equal<IEnumerable<string?>>(["top", "1"], e.Info[0].Texts.ToArray());
        });
    }

    public static TheoryData<string, string> BadText => new()
    {
        { "1:0.5 | a", "expected action:cost:probability" },
        { "1:x:0.5 | a", "label '1:x:0.5'" },
        { "1.5:1:0.5 | a", "expected a whole number" },
        { "-1 | a", "label '-1'" },
        { "1 | a", "no cost and probability" },
        { "1:1:0 | a", "the probability of the action taken is 0" },
        { "1:1:1.5 | a", "the probability of the action taken is 1.5" },
        { "1:1:0.5 2:1:0.5 | a", "two actions have costs" },
        { "1:1:nan | a", "label '1:1:nan'" },
        { "99999:1:0.5 | a", "expected a whole number from 1 to" },
        { "1:1:0.5 a", "" },
        { "1:1:0.5 | a:x", "feature 'a:x'" },
        { "1:1:0.5 | a:1e99", "feature" },
        { "ccb shared | a", "label 'ccb' in text" },
        { "slates shared 1 | a", "label 'slates' in text" },
        { "shared | a\n| b\n| c", "no action has a label" },
        { "shared | a\n0:1:0.5 | b\n0:1:0.5 | c", "two actions have labels" },
        { "shared | a\n0:1:0.5 1:1:1 | b", "found 2 labels on the line of an action" },
        { "ca 1:2 | a", "expected action:cost:density" },
        { "ca 1:2:0 | a", "its density 0" },
        { "1:1:0.5 | a\nshared | a\n0:1:1 | b", "an event of the kind 'actions with features'; expected 'action:cost:probability'" },
    };

    [Theory]
    [MemberData(nameof(BadText))]
    public void Text_ThatDoesNotFit_IsRefusedByName(string text, string message)
    {
        var path = _recording.Write("a.vw", text);
        AssertRefused(Map(path) with { Format = SourceFormat.Vw }, message);
        path = _recording.Write("b.vw", "1:1:0.5 | good", "", text, "", "2:1:0.5 | good");
        if (text.Contains('\n', StringComparison.Ordinal) && text.StartsWith('1'))
            return;
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        Assert.Equal((2, 1), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
        Assert.Contains($"{path},2,,", File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv")), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BadJson => new()
    {
        { Event[..^9], "not valid JSON" },
        { "[]", "not an object" },
        { Event.Replace("0.6, \"_label_A", "0.7, \"_label_A", StringComparison.Ordinal), "among those of all actions" },
        { Event.Replace("0.6, \"_label_A", "0, \"_label_A", StringComparison.Ordinal), "the probability of the action taken is 0" },
        { Event.Replace("[0.6, 0.4]", "[0.6, 0.5]", StringComparison.Ordinal), "sum to 1.1" },
        { Event.Replace("[0.6, 0.4]", "[0.6]", StringComparison.Ordinal), "there are 1 probabilities for the actions [1, 0]" },
        { Event.Replace("[2, 1]", "[2, 2]", StringComparison.Ordinal), "names one twice" },
        { Event.Replace("[2, 1]", "[2, 7]", StringComparison.Ordinal), "expected one each, of 2 actions" },
        { Event.Replace("\"_labelIndex\": 1", "\"_labelIndex\": 0", StringComparison.Ordinal), "_label_Action is 2 and _labelIndex 0" },
        { Event.Replace("\"_label_Action\": 2, \"_labelIndex\": 1", "\"_labelIndex\": 9", StringComparison.Ordinal), "the action taken is 9" },
        { Event.Replace("\"_multi\"", "\"_multy\"", StringComparison.Ordinal), "there is no _multi" },
        { Event.Replace("-1,", "\"-1\",", StringComparison.Ordinal), "_label_cost is" },
        { Event.Replace("\"_label_cost\": -1, ", "", StringComparison.Ordinal), "there is no label" },
        { Event.Replace("\"x\": 1", "\"x\": 1e99", StringComparison.Ordinal), "a feature has the value 1e99" },
        { """{"_label": 1, "_label_Action": 1, "c": {"x": 1}}""", "supervised learning" },
        { Slots.Replace("\"_outcomes\"", "\"_label_cost\": 1, \"_outcomes\"", StringComparison.Ordinal), "a slates event" },
        { Slots.Replace("\"_slots\"", "\"_slot\"", StringComparison.Ordinal), "no _slots" },
        { Slots.Replace("[1, 0]", "[3, 0]", StringComparison.Ordinal), "expected actions from 0 to 2" },
        { Slots.Replace(", \"_p\": [0.75, 0.25]", "", StringComparison.Ordinal), "slot 1 has no _p" },
        { Slots.Replace(", {\"_label_cost\": 0, \"_a\": [1, 0], \"_p\": [0.75, 0.25]}", "", StringComparison.Ordinal), "1 outcomes and 2 slots" },
        { Slots.Replace("\"_a\": [1, 0]", "\"_b\": [1, 0]", StringComparison.Ordinal), "slot 1 has no _a" },
        { """{"_label_ca": 0.5, "c": {"x": 1}}""", "_label_ca is no object" },
        { Cats.Replace("0.05", "0", StringComparison.Ordinal), "its density 0" },
        { Cats.Replace("\"action\"", "\"actions\"", StringComparison.Ordinal), "there is no action" },
        { Cats, "an event of the kind 'continuous action'; expected 'actions with features'" },
        { Slots, "an event of the kind 'slots'" },
    };

    [Theory]
    [MemberData(nameof(BadJson))]
    public void Json_ThatDoesNotFit_IsRefusedByName(string line, string message)
    {
        var path = _recording.Write("a.json", Event, line, Event);
        AssertRefused(Map(path), "a.json, line 2: ");
        AssertRefused(Map(path), message);
        var dataset = _recording.Import(Map(path) with { OnError = ErrorRule.Reject });
        Assert.Equal((2, 1), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
        Assert.Contains($"{path},2,,", File.ReadAllText(Path.Combine(dataset.Folder, "rejects", "rejects.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void BitsAndActions_ThatMakeRowsTooLarge_AreRefused()
    {
        AssertRefused(Map(_recording.Write("a.json", Event)) with { Bits = 16 }, "set fewer bits");
        AssertRefused(Map(_recording.Write("a.json", Event)) with { Bits = 17 }, "expected 1 to 16");
    }

    void AssertRefused(ImportConfig config, string message)
    {
        var error = Assert.ThrowsAny<UserErrorException>(() => _recording.Import(config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
