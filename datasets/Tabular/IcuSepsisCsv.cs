using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace OfflineRL.Datasets;

/// <summary>
/// ICU-Sepsis' own CSV tables: P(s'|s, a) in row s * A + a, the reward of entering each state, the start distribution; no headers.
/// </summary>
static class IcuSepsisCsv
{
    public const string Transitions = "transitionFunction.csv";
    const string Rewards = "rewardFunction.csv", Start = "initialStateDistribution.csv", Expert = "expertPolicy.csv";

    public static TabularFile Read(string folder, double? discount)
    {
        var rewards = One(folder, Rewards);
        var start = One(folder, Start);
        if (rewards.Length != start.Length)
            throw Throw.MdpLength($"'{Path.Combine(folder, Start)}'", "start distribution", start.Length, rewards.Length);
        var states = rewards.Length;
        var path = Path.Combine(folder, Transitions);
        var transitions = new List<(int Row, int Next, double Probability)>();
        var rows = 0;
        foreach (var row in Rows(path))
        {
            if (row.Length != states)
                throw Throw.CsvFault($"'{path}', line {rows + 1}", $"{row.Length} numbers were found; expected one for each of {states} states");
            for (var next = 0; next < row.Length; next++)
            {
                if (row[next] != 0)
                    transitions.Add((rows, next, row[next]));
            }

            rows++;
        }

        if (rows == 0 || rows % states != 0)
            throw Throw.CsvFault($"'{path}'", $"{rows} rows were found; expected a multiple of the {states} states: one for each state and action");
        var (_, actions) = TabularFiles.CheckSizes($"'{path}'", states, rows / states, transitions.Count);
        var builder = new TabularMdpBuilder(states, actions, $"'{folder}'") { Discount = discount ?? 1, EndsWhereNothingFollows = true };
        foreach (var (row, next, probability) in transitions)
            builder.Add(row / actions, row % actions, next, probability, rewards[next], ends: false, () => $"'{path}', line {row + 1}");
        for (var s = 0; s < states; s++)
            builder.SetStart(s, start[s]);
        _ = TabularFiles.TryReadAdmissible(Path.Combine(folder, "extras", "admissibleActions.txt"), builder)
            || TabularFiles.TryReadAdmissible(Path.Combine(folder, "admissible_actions.txt"), builder);
        return new TabularFile(builder.Build(), MaskByDefault: false) { Policies = ReadPolicies(folder, states, actions) };
    }

    static Dictionary<string, double[]> ReadPolicies(string folder, int states, int actions)
    {
        var path = Path.Combine(folder, Expert);
        if (!File.Exists(path))
            return [];
        var expert = Rows(path).SelectMany(row => row).ToArray();
        return expert.Length == states * actions
            ? new Dictionary<string, double[]>(StringComparer.Ordinal) { ["expert"] = expert }
            : throw Throw.MdpLength($"'{path}'", "policy", expert.Length, states * actions);
    }

    static double[] One(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        return Rows(path).FirstOrDefault() ?? throw Throw.CsvFault($"'{path}'", "it is empty; expected one row with a number for each state");
    }

    static IEnumerable<double[]> Rows(string path)
    {
        if (!File.Exists(path))
            throw Throw.NpyMissing(path);
        using var csv = new CsvParser(new StreamReader(path), new CsvConfiguration(CultureInfo.InvariantCulture) { HasHeaderRecord = false, BadDataFound = null });
        while (csv.Read())
        {
            var row = new double[csv.Count];
            for (var i = 0; i < row.Length; i++)
            {
                if (!double.TryParse(csv[i], NumberStyles.Float, CultureInfo.InvariantCulture, out row[i]))
                    throw Throw.CsvFault($"'{path}', line {csv.RawRow}", $"field {i + 1} is '{csv[i]}'; expected a number");
            }

            yield return row;
        }
    }
}
