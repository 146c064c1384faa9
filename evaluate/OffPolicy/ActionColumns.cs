using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A number for each action and row, stored with the log: as one list column, or as one column for each action.</summary>
sealed class ActionColumns
{
    readonly NpyColumn<double>[] _parts;

    ActionColumns(NpyColumn<double>[] parts) => _parts = parts;

    /// <summary>The number of one action at a row of the dataset.</summary>
    public double Value(long row, int action) => _parts.Length == 1 ? _parts[0][row][action] : _parts[action][row][0];

    /// <summary>Finds <c>info_NAME</c> as a list, or <c>info_NAME0</c>, …, or <c>info_NAME_0</c>, …</summary>
    /// <param name="whose">Who asks, for the message.</param>
    /// <param name="name">With or without <c>info_</c>; <c>behavior_probs</c> is the behavior policy's distribution.</param>
    /// <param name="columns">The log.</param>
    /// <param name="actions">A.</param>
    /// <exception cref="UserErrorException">There is no such column, or its width is another.</exception>
    public static ActionColumns Find(string whose, string name, TrainingColumns columns, int actions)
    {
        if (name == "behavior_probs")
            return new(columns.BehaviorProbabilities is { } behavior ? [behavior] : throw EvaluateThrow.NoBehaviorProbabilities(whose, columns.Info.Dataset));
        var prefixed = name.StartsWith("info_", StringComparison.Ordinal) ? name : "info_" + name;
        if (columns.Info.InfoColumns.FirstOrDefault(c => c.Name == prefixed) is { } list)
            return new(list.Width == actions ? [columns.InfoColumn(prefixed)] : throw EvaluateThrow.ColumnWidth(whose, prefixed, list.Width, actions));
        foreach (var start in (string[])[prefixed, prefixed + "_"])
        {
            var names = Enumerable.Range(0, actions).Select(a => start + a.ToString(CultureInfo.InvariantCulture)).ToArray();
            if (names.All(name => columns.Info.InfoColumns.Any(c => c.Name == name && c.Width == 0)))
                return new(names.Select(columns.InfoColumn).ToArray());
        }

        throw EvaluateThrow.NoPolicyColumn(whose, name, actions, columns.Info);
    }
}
