using System.Globalization;
using System.Text;
using OfflineRL.Ingest;

namespace OfflineRL.Benchmarks.Fuzz;

/// <summary>Seeds of the formats that are lines of text; none needs a map.</summary>
static class FuzzTextSeeds
{
    const int Lines = 40;

    public static IEnumerable<FuzzSeed> All =>
    [
        Seed("rllib", "a.json", Lined(Batch), ["eps_id", "obs", "new_obs", "actions", "rewards", "dones", "action_prob", "SampleBatch"]),
        Seed("json, RLlib's rows", "a.json", Lined(Row), ["eps_id", "obs", "new_obs", "actions", "rewards", "dones", "action_prob"]),
        Seed("open_bandit", "a.csv", "item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0,user-item_affinity_1\n" + Lined(Impression), ["item_id", "position", "click", "propensity_score", "user_feature_0"]),
        Seed("vw", "a.vw", Lined(i => FormattableString.Invariant($"{1 + (i % 3)}:{i % 2}:0.5 |user age:{i} city_{i % 5} |page word_{i % 7}")), ["user", "page", "age"]),
        Seed("vw, several lines", "a.vw", Lined(i => $"shared |user city_{i % 5}\n0:-1:0.5 |item a\n|item b\n"), ["shared", "user", "item"]),
        Seed("dsjson", "a.json", Lined(Event), ["_label_cost", "_label_probability", "_labelIndex", "_multi", "p", "a", "c"]),
        Seed("dsjson, slots", "a.json", Lined(Slots), ["_outcomes", "_slots", "_multi", "_label_cost", "_a", "_p"]),
        Seed("dsjson, continuous", "a.json", Lined(i => FormattableString.Invariant($"{{\"_label_ca\": {{\"action\": {i}, \"cost\": 0.5, \"pdf_value\": 0.05}}, \"c\": {{\"room_{i % 3}\": 1}}}}")), ["_label_ca", "action", "cost", "pdf_value"]),
    ];

    static FuzzSeed Seed(string format, string file, string text, IReadOnlyList<string> words) =>
        new(format, new Dictionary<string, byte[]> { [file] = Encoding.UTF8.GetBytes(text) }, new ImportConfig { Name = "fuzz", Source = ["a.*"], Format = FormatOf(format), Bits = 4 }, words);

    static SourceFormat FormatOf(string format) => format.Split(',')[0] switch
    {
        "rllib" => SourceFormat.Rllib,
        "json" => SourceFormat.Json,
        "open_bandit" => SourceFormat.OpenBandit,
        "vw" => SourceFormat.Vw,
        _ => SourceFormat.Dsjson,
    };

    static string Lined(Func<int, string> line) => string.Concat(Enumerable.Range(0, Lines).Select(i => line(i) + "\n"));

    static string Batch(int i) => FormattableString.Invariant(
        $"{{\"type\": \"SampleBatch\", \"eps_id\": [{i}, {i}], \"obs\": [[{i}, 0.5], [{i + 1}, 1.5]], \"new_obs\": [[{i + 1}, 1.5], [{i + 2}, 2.5]], \"actions\": [0, 1], \"rewards\": [1, 2], \"dones\": [false, true], \"action_prob\": [0.5, 0.25]}}");

    static string Row(int i) => FormattableString.Invariant(
        $"{{\"eps_id\": {i / 4}, \"t\": {i % 4}, \"obs\": [{i}, 0.5], \"new_obs\": [{i + 1}, 0.5], \"actions\": {i % 2}, \"rewards\": 1.0, \"dones\": {(i % 4 == 3 ? "true" : "false")}, \"action_prob\": 0.5}}");

    static string Impression(int i) => string.Create(CultureInfo.InvariantCulture, $"{i % 2},{1 + (i % 3)},{i % 7 / 6},0.5,value{i % 4},{i % 3},0.0");

    static string Event(int i) => FormattableString.Invariant(
        $"{{\"_label_cost\": -1, \"_label_probability\": 0.6, \"_labelIndex\": 1, \"a\": [2, 1], \"p\": [0.6, 0.4], \"EventId\": \"e{i}\", \"c\": {{\"User\": {{\"age\": {i}}}, \"_multi\": [{{\"i\": {{\"x\": 1}}}}, {{\"i\": {{\"x\": 2}}}}]}}}}");

    static string Slots(int i) => FormattableString.Invariant(
        $"{{\"c\": {{\"s\": {{\"x\": {i}}}, \"_multi\": [{{\"a\": {{\"y\": 1}}}}, {{\"a\": {{\"y\": 2}}}}], \"_slots\": [{{\"p\": {{\"z\": 1}}}}]}}, \"_outcomes\": [{{\"_label_cost\": -0.5, \"_a\": [1, 0], \"_p\": [0.5, 0.5]}}]}}");
}
