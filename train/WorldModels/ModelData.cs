using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train.WorldModels;

/// <summary>Whether a model can be learned from a dataset: every number is one, and which never change.</summary>
static class ModelData
{
    const int NamedDimensions = 8;

    /// <summary>Goes over the columns of one part once.</summary>
    /// <returns>What a run should say of them.</returns>
    /// <exception cref="UserErrorException">A number is missing or infinite; the message names the first place.</exception>
    public static IEnumerable<string> Check(TrainingColumns columns, string split)
    {
        var selection = EpisodeSelection.Of(columns, split);
        Scan(selection, columns.Observations, "observation");
        Scan(selection, columns.ContinuousActions, "action");
        ScanRewards(selection);
        ScanFinals(selection);
        if (columns.Observations is { } observations && Constant(selection, observations) is { Count: > 0 } constant)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"of the {observations.Width} numbers of an observation in {columns.Info.Dataset}, {constant.Count} never change ({string.Join(", ", constant.Take(NamedDimensions))}{(constant.Count > NamedDimensions ? ", ..." : "")}): they are not scaled, and the model's deviations there end at the floor of world_model.lowest_log_deviation");
        }
    }

    static void Scan(EpisodeSelection selection, NpyColumn<float>? column, string what)
    {
        if (column is null)
            return;
        foreach (var episode in selection.Episodes)
        {
            var rows = selection.Columns.EpisodeFirstRow.Slice(episode, 2);
            var values = column.Slice(rows[0], (int)(rows[1] - rows[0]));
            for (var i = 0; i < values.Length; i++)
            {
                if (!float.IsFinite(values[i]))
                    Refuse(selection, column, what, episode, i / column.Width, i % column.Width, values[i]);
            }
        }
    }

    static void ScanRewards(EpisodeSelection selection)
    {
        foreach (var episode in selection.Episodes)
        {
            var rows = selection.Columns.EpisodeFirstRow.Slice(episode, 2);
            var values = selection.Columns.Rewards.Slice(rows[0], (int)(rows[1] - rows[0]));
            for (var i = 0; i < values.Length; i++)
            {
                if (!double.IsFinite(values[i]))
                    Throw.User(string.Create(CultureInfo.InvariantCulture, $"Dataset {selection.Columns.Info.Dataset}, episode {episode}, step {i}: the reward is {values[i]}; a model is learned from finite numbers alone. Correct the source and import again."));
            }
        }
    }

    static void ScanFinals(EpisodeSelection selection)
    {
        if (selection.Columns.FinalObservations is not { } finals)
            return;
        foreach (var episode in selection.Episodes)
        {
            var values = finals[episode];
            for (var d = 0; selection.Columns.FinalObservationKnown[episode][0] != 0 && d < values.Length; d++)
            {
                if (!float.IsFinite(values[d]))
                    Throw.User(string.Create(CultureInfo.InvariantCulture, $"Dataset {selection.Columns.Info.Dataset}, episode {episode}: dimension {d} of the final observation is {values[d]}; a model is learned from finite numbers alone. Correct the source and import again."));
            }
        }
    }

    static void Refuse(EpisodeSelection selection, NpyColumn<float> column, string what, int episode, int step, int dimension, float value)
    {
        var isMissing = float.IsNaN(value) && IsMissing(selection, column, dimension);
        var found = isMissing ? "is missing: no row has a number there" : string.Create(CultureInfo.InvariantCulture, $"is {value}");
        Throw.User(string.Create(CultureInfo.InvariantCulture, $"Dataset {selection.Columns.Info.Dataset}, episode {episode}, step {step}: dimension {dimension} of the {what} {found}; a model is learned from finite numbers alone. Leave the dimension out of the import's mapping, or correct the source, and import again."));
    }

    static bool IsMissing(EpisodeSelection selection, NpyColumn<float> column, int dimension)
    {
        foreach (var episode in selection.Episodes)
        {
            var rows = selection.Columns.EpisodeFirstRow.Slice(episode, 2);
            var values = column.Slice(rows[0], (int)(rows[1] - rows[0]));
            for (var i = dimension; i < values.Length; i += column.Width)
            {
                if (!float.IsNaN(values[i]))
                    return false;
            }
        }

        return true;
    }

    static List<int> Constant(EpisodeSelection selection, NpyColumn<float> column)
    {
        var first = column[selection.Columns.EpisodeFirstRow[selection.Episodes[0]][0]].ToArray();
        var varies = new bool[column.Width];
        foreach (var episode in selection.Episodes)
        {
            var rows = selection.Columns.EpisodeFirstRow.Slice(episode, 2);
            var values = column.Slice(rows[0], (int)(rows[1] - rows[0]));
            for (var i = 0; i < values.Length; i++)
                varies[i % column.Width] |= values[i] != first[i % column.Width];
        }

        return [.. Enumerable.Range(0, column.Width).Where(d => !varies[d])];
    }
}
