using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace OfflineRL.Datasets;

/// <summary>The CSV layout of <see cref="TabularFiles"/>.</summary>
static class TabularCsv
{
    public const string Transitions = "transitions.csv";
    const string Start = "start.csv", Mask = "mask.csv", States = "states.csv", Actions = "actions.csv", Sizes = "mdp.csv";

    public static TabularMdp Read(string folder, double? discount)
    {
        var sizes = ReadSizes(folder);
        var entries = new List<(int State, int Action, int Next, double Probability, double Reward, bool Ends)>();
        bool hasEnds;
        var (greatest, greatestAction) = (-1, -1);
        using (var csv = new CsvTable(folder, Transitions, ["state", "action", "next_state", "probability", "reward"], ["terminal"]))
        {
            hasEnds = csv.Has("terminal");
            while (csv.Next())
            {
                var row = (csv.Index("state"), csv.Index("action"), csv.Index("next_state"), csv.Number("probability"), csv.Number("reward"), hasEnds && csv.Flag("terminal"));
                entries.Add(row);
                (greatest, greatestAction) = (Math.Max(greatest, Math.Max(row.Item1, row.Item3)), Math.Max(greatestAction, row.Item2));
            }
        }

        var start = ReadStart(folder);
        greatest = start.Aggregate(greatest, (most, s) => Math.Max(most, s.State));
        var (states, actions) = TabularFiles.CheckSizes(
            $"'{Path.Combine(folder, Transitions)}'", sizes.Count("states", greatest + 1), sizes.Count("actions", greatestAction + 1), entries.Count);
        var builder = new TabularMdpBuilder(states, actions, $"'{folder}'")
        {
            Discount = discount ?? sizes.Discount,
            EndsWhereNothingFollows = !hasEnds,
            StateNames = ReadNames(folder, States, "state", states),
            ActionNames = ReadNames(folder, Actions, "action", actions),
        };
        var line = 1;
        foreach (var (state, action, next, probability, reward, ends) in entries)
        {
            line++;
            builder.Add(state, action, next, probability, reward, ends, () => $"'{Path.Combine(folder, Transitions)}', row {line}");
        }

        foreach (var (state, probability) in start)
            builder.SetStart(state, probability, () => $"'{Path.Combine(folder, Start)}'");
        ReadMask(folder, builder);
        return builder.Build();
    }

    public static void Write(TabularMdp mdp, string folder)
    {
        using var pending = PendingFolder.Create(folder);
        using (var csv = Writer(pending, Sizes, "name", "value"))
        {
            Row(csv, "states", mdp.StateCount);
            Row(csv, "actions", mdp.ActionCount);
            Row(csv, "discount", mdp.Discount);
        }

        using (var csv = Writer(pending, Transitions, "state", "action", "next_state", "probability", "reward", "terminal"))
        {
            for (var pair = 0; pair < mdp.Offsets.Length - 1; pair++)
            {
                for (var i = mdp.Offsets[pair]; i < mdp.Offsets[pair + 1]; i++)
                    Row(csv, pair / mdp.ActionCount, pair % mdp.ActionCount, mdp.NextStates[i], mdp.Probabilities[i], mdp.Rewards[i], mdp.Ends[i] ? 1 : 0);
            }
        }

        using (var csv = Writer(pending, Start, "state", "probability"))
        {
            for (var s = 0; s < mdp.StateCount; s++)
            {
                if (mdp.Start[s] > 0)
                    Row(csv, s, mdp.Start[s]);
            }
        }

        if (mdp.HasMask)
        {
            using var csv = Writer(pending, Mask, "state", "action", "allowed");
            for (var pair = 0; pair < mdp.Mask.Length; pair++)
                Row(csv, pair / mdp.ActionCount, pair % mdp.ActionCount, mdp.Mask[pair] ? 1 : 0);
        }

        WriteNames(pending, States, "state", mdp.StateNames);
        WriteNames(pending, Actions, "action", mdp.ActionNames);
        pending.Commit();
    }

    static Dictionary<string, double> ReadSizesTable(string folder)
    {
        var sizes = new Dictionary<string, double>(StringComparer.Ordinal);
        using var csv = new CsvTable(folder, Sizes, ["name", "value"], []);
        while (csv.Next())
        {
            var name = csv.Text("name");
            if (name is not ("states" or "actions" or "discount"))
                throw csv.Fault($"'{name}' was found; expected states, actions or discount");
            if (!sizes.TryAdd(name, csv.Number("value")))
                throw csv.Fault($"'{name}' stands twice");
            if (name != "discount" && sizes[name] != Math.Truncate(sizes[name]))
                throw csv.Fault(FormattableString.Invariant($"'{name}' is {sizes[name]}; expected a whole number"));
        }

        return sizes;
    }

    static SizesTable ReadSizes(string folder) => new(File.Exists(Path.Combine(folder, Sizes)) ? ReadSizesTable(folder) : []);

    static List<(int State, double Probability)> ReadStart(string folder)
    {
        var start = new Dictionary<int, double>();
        using var csv = new CsvTable(folder, Start, ["state", "probability"], []);
        while (csv.Next())
        {
            if (!start.TryAdd(csv.Index("state"), csv.Number("probability")))
                throw csv.Fault($"state {csv.Index("state")} stands twice");
        }

        return [.. start.Select(s => (s.Key, s.Value))];
    }

    // Pairs that are not named are allowed.
    static void ReadMask(string folder, TabularMdpBuilder builder)
    {
        if (!File.Exists(Path.Combine(folder, Mask)))
            return;
        using var csv = new CsvTable(folder, Mask, ["state", "action", "allowed"], []);
        while (csv.Next())
        {
            if (!csv.Flag("allowed"))
                builder.Forbid(csv.Index("state"), csv.Index("action"), () => csv.Where);
        }
    }

    static string[]? ReadNames(string folder, string file, string column, int count)
    {
        if (!File.Exists(Path.Combine(folder, file)))
            return null;
        var names = new string?[count];
        using var csv = new CsvTable(folder, file, [column, "name"], []);
        while (csv.Next())
        {
            var index = csv.Index(column);
            if (index >= count)
                throw csv.Fault($"{column} {index} was found; expected 0 to {count - 1}");
            names[index] = csv.Text("name");
        }

        var missing = Array.IndexOf(names, null);
        return missing < 0 ? Array.ConvertAll(names, n => n!) : throw csv.Fault($"{column} {missing} has no name; expected one for each of {count}");
    }

    static void WriteNames(PendingFolder pending, string file, string column, IReadOnlyList<string>? names)
    {
        if (names is null)
            return;
        using var csv = Writer(pending, file, column, "name");
        for (var i = 0; i < names.Count; i++)
            Row(csv, i, names[i]);
    }

    static CsvWriter Writer(PendingFolder pending, string file, params string[] columns)
    {
        var csv = new CsvWriter(new StreamWriter(Path.Combine(pending.FolderPath, file)) { NewLine = "\n" }, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" });
        Row(csv, columns);
        return csv;
    }

    // Numbers are written so that they read back exactly.
    static void Row(CsvWriter csv, params object[] fields)
    {
        foreach (var field in fields)
            csv.WriteField(field is double number ? number.ToString("R", CultureInfo.InvariantCulture) : Convert.ToString(field, CultureInfo.InvariantCulture));
        csv.NextRecord();
    }

    // As sizes are whole numbers far below 2^53, a double holds them.
    readonly record struct SizesTable(Dictionary<string, double> Values)
    {
        public double Discount => Values.GetValueOrDefault("discount", 1);

        public long Count(string name, int otherwise) => Values.TryGetValue(name, out var value) ? (long)Math.Clamp(value, -1, 1L << 40) : otherwise;
    }
}
