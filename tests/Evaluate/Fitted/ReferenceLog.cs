using System.Globalization;
using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>The stored trajectories of the reference folder, and the tables they were drawn from.</summary>
static class ReferenceLog
{
    /// <summary>The trajectories.</summary>
    /// <param name="file"><c>fixed</c> or <c>episodic</c>.</param>
    /// <param name="states">S.</param>
    /// <param name="actions">A.</param>
    /// <param name="discount">Of the section.</param>
    /// <param name="finite">Whether values are of the cut episode.</param>
    public static SampledLog Read(string file, int states, int actions, double discount, bool finite)
    {
        var lines = File.ReadLines(ReferenceFiles.Ope($"seq_{file}_trajectories.csv")).Skip(1).Select(l => l.Split(',')).ToList();
        double Number(string[] line, int at) => double.Parse(line[at], CultureInfo.InvariantCulture);
        var mdp = Mdp(file);
        var policy = Array(mdp.RootElement.GetProperty("pi_e"));
        var starts = lines.Select((l, i) => (l, i)).Where(x => x.l[1] == "0").Select(x => x.i).Append(lines.Count).ToArray();
        var lasts = starts.Skip(1).Select(i => lines[i - 1]).ToArray();
        var points = lines.Select(l => int.Parse(l[2], CultureInfo.InvariantCulture)).Concat(lasts.Select(l => int.Parse(l[5], CultureInfo.InvariantCulture))).ToArray();
        var fit = new FitLog
        {
            FirstRow = starts,
            Rewards = lines.Select(l => Number(l, 4)).ToArray(),
            Terminated = lasts.Select(l => l[6] == "1").ToArray(),
            FinalKnown = lasts.Select(_ => true).ToArray(),
            EpisodeHash = lasts.Select((_, e) => EpisodeFold.Hash(FormattableString.Invariant($"{e}"))).ToArray(),
            Discount = discount,
            IsFinite = finite,
            StateCount = states,
            States = points,
            ActionCount = actions,
            Actions = lines.Select(l => int.Parse(l[3], CultureInfo.InvariantCulture)).ToArray(),
            Probabilities = points.SelectMany(s => s * actions < policy.Length ? policy[(s * actions)..((s + 1) * actions)] : new double[actions]).ToArray(),
        };
        var evaluation = lines.Select((l, row) => Math.Log(fit.Policy(row)[fit.Actions[row]])).ToArray();
        return new SampledLog(fit, LoggedEpisodes.Create(starts, fit.Rewards, evaluation, lines.Select(l => Math.Log(Number(l, 8))).ToArray()));
    }

    /// <summary>The tables as JSON.</summary>
    public static JsonDocument Mdp(string file) => JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope($"seq_{file}_mdp.json")));

    /// <summary>The section of stored numbers.</summary>
    public static JsonElement Section(string name) => JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("sequential.json"))).RootElement.GetProperty(name);

    /// <summary>Nested lists, one after the other.</summary>
    public static double[] Array(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? element.EnumerateArray().SelectMany(Array).ToArray()
        : [element.GetDouble()];
}
