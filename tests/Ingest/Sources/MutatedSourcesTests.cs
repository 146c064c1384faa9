using System.Text;
using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest;

/// <summary>
/// Files that were cut, flipped, doubled and mixed up: each ends in a message, or in a dataset that holds what it says. The mutations are drawn
/// from the seed; OFFLINERL_MUTATIONS sets how many of each format.
/// </summary>
public sealed class MutatedSourcesTests : IDisposable
{
    const int Mutations = 12;

    static readonly string[] Tokens = ["\"", ",", "\n", "\r\n", "{", "}", "[", "]", ":", "|", "null", "-1", "1e999", "0", "NaN", "true", "\0", "\\", "\xE9", " ", "\"type\"", "\"obs\"", "shared", "ccb", "99999999999"];

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    public static TheoryData<string, string, SourceFormat> Seeds => new()
    {
        { "csv", "id,o,p,a,r,d,note\n1,1.5,2,0,1,0,\"a, b\"\n1,2.5,3,1,2,1,\"two\nlines\"\n2,3,4,0,0.5,1,\"a \"\"quote\"\"\"\n", SourceFormat.Csv },
        { "lines", "{\"id\": 1, \"o\": 1.5, \"p\": 2, \"a\": 0, \"r\": 1, \"d\": false, \"note\": \"x\", \"deep\": {\"l\": [[1, 2], [3, 4]]}}\n{\"id\": 1, \"o\": 2, \"p\": 3, \"a\": 1, \"r\": 2, \"d\": true, \"note\": null, \"deep\": {\"l\": [[1, 2], [3, 4]]}}\n", SourceFormat.Json },
        { "array", "[{\"id\": 1, \"o\": 1.5, \"p\": 2, \"a\": 0, \"r\": 1, \"d\": false, \"note\": \"x\"},\n {\"id\": 1, \"o\": 2, \"p\": 3, \"a\": 1, \"r\": 2, \"d\": true, \"note\": \"y\"}]", SourceFormat.Json },
        { "rllib", "{\"type\": \"SampleBatch\", \"eps_id\": [1, 1], \"obs\": [[1, 2], [3, 4]], \"new_obs\": [[3, 4], [5, 6]], \"actions\": [0, 1], \"rewards\": [1, 2], \"dones\": [false, true], \"action_prob\": [0.5, 0.25]}\n{\"type\": \"SampleBatch\", \"eps_id\": [2], \"obs\": [[1, 2]], \"new_obs\": [[3, 4]], \"actions\": [0], \"rewards\": [1], \"dones\": [true], \"action_prob\": [1]}\n", SourceFormat.Rllib },
        { "bandit", ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0,user-item_affinity_1\n0,2019-11-24 00:00:18+00:00,0,3,0,0.5,aa,0,1\n1,2019-11-24 00:00:19+00:00,1,1,1,0.25,bb,2,0\n", SourceFormat.OpenBandit },
        { "vw", "1:0.5:0.25 | a b:2 |n c\n3:-1:1 'x |n:2 c:3\n2 1:0:0.5 | d\n", SourceFormat.Vw },
        { "adf", "shared | s:2\n| a:1\n0:-1:0.75 | b:3\n\nshared | s\n0:1:0.5 | a\n| b\n\n", SourceFormat.Vw },
        { "dsjson", "{\"_label_cost\": -1, \"_label_probability\": 0.6, \"_labelIndex\": 1, \"a\": [2, 1], \"p\": [0.6, 0.4], \"c\": {\"User\": {\"age\": 3}, \"_multi\": [{\"i\": {\"x\": 1}}, {\"i\": {\"x\": 2}}]}}\n{\"_label_cost\": 0, \"_label_probability\": 0.4, \"_labelIndex\": 0, \"a\": [2, 1], \"p\": [0.6, 0.4], \"c\": {\"_multi\": [{\"i\": {\"x\": 1}}, {\"i\": {\"x\": 2}}]}}\n", SourceFormat.Dsjson },
        { "ccb", "{\"c\": {\"_multi\": [{\"a\": {\"y\": 1}}, {\"a\": {\"y\": 2}}], \"_slots\": [{\"p\": {\"z\": 1}}]}, \"_outcomes\": [{\"_label_cost\": -0.5, \"_a\": [1, 0], \"_p\": [0.5, 0.5]}]}\n", SourceFormat.Dsjson },
        { "cats", "{\"_label_ca\": {\"action\": 1.5, \"cost\": 2, \"pdf_value\": 0.05}, \"c\": {\"room=kitchen\": 1}}\n", SourceFormat.Dsjson },
    };

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AMutatedFile_EndsInAMessageOrInADatasetThatHolds(string name, string text, SourceFormat format)
    {
        var seed = Encoding.Latin1.GetBytes(text);
        Assert.True(Import(name, seed, SourceFormat.Auto, ErrorRule.Stop), "the file that the others are made of imports, known by its content");
        var random = RandomStream.Create(7, name);
        var count = int.TryParse(Environment.GetEnvironmentVariable("OFFLINERL_MUTATIONS"), out var asked) ? asked : Mutations;
        var (taken, refused) = (0, 0);
        for (var i = 0; i < count; i++)
        {
            var mutated = Mutate(seed, random);
            var packed = random.NextInt(4) switch { 0 => CsvSourceTests.Gzip(mutated), 1 => CsvSourceTests.Zip("x", mutated), _ => mutated };
            if (random.NextInt(10) == 0 && packed.Length > 10)
                packed = packed[..^(1 + random.NextInt(packed.Length - 5))];
            var rule = random.NextInt(2) == 0 ? ErrorRule.Stop : ErrorRule.Reject;
            if (Import(name, packed, random.NextInt(3) == 0 ? SourceFormat.Auto : format, rule))
                taken++;
            else
                refused++;
        }

        Assert.True(refused > 0 && taken + refused == count, $"{taken} taken, {refused} refused: the mutations break something");
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {taken} taken, {refused} refused");
    }

    bool Import(string name, byte[] content, SourceFormat format, ErrorRule rule)
    {
        var path = Path.Combine(_recording.Workspace.Root, "mutated");
        File.WriteAllBytes(path, content);
        var map = new ImportConfig { Name = "x", Source = [path], Format = format, OnError = rule, Bits = 3 };
        if (name is "csv" or "lines" or "array")
        {
            map = map with { EpisodeId = ["id"], Observation = ["o", "p"], Action = ["a"], Reward = "r", Done = "d", InfoText = new Dictionary<string, string> { ["note"] = "note" } };
            map = name == "lines" ? map with { Info = new Dictionary<string, IReadOnlyList<string>> { ["deep"] = ["deep.l"] } } : map;
        }

        try
        {
            var dataset = _recording.Import(map);
            dataset.Check(NullProgress.Instance);
            Directory.Delete(dataset.Folder, recursive: true);
            return true;
        }
        catch (UserErrorException e)
        {
            Assert.False(string.IsNullOrWhiteSpace(e.Message));
            _recording.AssertNothingLeft();
            return false;
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{name}, {format}, {rule}: {e}\n{Convert.ToBase64String(content)}");
            return false;
        }
    }

    static byte[] Mutate(byte[] seed, RandomStream random)
    {
        var bytes = seed.ToList();
        for (var changes = 1 + random.NextInt(3); changes > 0 && bytes.Count > 1; changes--)
        {
            var at = random.NextInt(bytes.Count);
            var length = Math.Min(bytes.Count - at, 1 + random.NextInt(20));
            switch (random.NextInt(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.NextInt(8)); break;
                case 1: bytes.RemoveRange(at, length); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(random.NextInt(bytes.Count - length + 1), length)); break;
                case 4: bytes.InsertRange(at, Encoding.Latin1.GetBytes(Tokens[random.NextInt(Tokens.Length)])); break;
                case 5: bytes.Reverse(at, length); break;
                default: bytes[at] = (byte)random.NextInt(256); break;
            }
        }

        return [.. bytes];
    }
}
