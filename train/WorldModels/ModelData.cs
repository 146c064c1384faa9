using System.Globalization;
using OfflineRL.Datasets;

namespace OfflineRL.Train.WorldModels;

/// <summary>Whether a model can be learned from a dataset: every number is one, and which never change.</summary>
static class ModelData
{
    const int NamedDimensions = 8;

    /// <summary>Goes over all columns once.</summary>
    /// <param name="columns">A dataset.</param>
    /// <param name="split">The part of it that is learned from, where it matters what never changes.</param>
    /// <returns>What a run should say of them.</returns>
    /// <exception cref="UserErrorException">A number is missing or infinite; the message names the first place.</exception>
    public static IEnumerable<string> Check(TrainingColumns columns, string split)
    {
        var selection = EpisodeSelection.Of(columns, split);
        Scan(columns, columns.Observations, "observation");
        Scan(columns, columns.ContinuousActions, "action");
        ScanRewards(columns);
        ScanFinals(columns);
        if (columns.Observations is { } observations && Constant(selection, observations) is { Count: > 0 } constant)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"of the {observations.Width} numbers of an observation in {columns.Info.Dataset}, {constant.Count} never change ({string.Join(", ", constant.Take(NamedDimensions))}{(constant.Count > NamedDimensions ? ", ..." : "")}): they are not scaled, and the model's deviations there end at the floor of world_model.lowest_log_deviation");
        }
    }

    static void Scan(TrainingColumns columns, NpyColumn<float>? column, string what)
    {
        for (var episode = 0; column is not null && episode < columns.Episodes; episode++)
        {
            var values = Rows(columns, column, episode);
            for (var i = 0; i < values.Length; i++)
            {
                if (!float.IsFinite(values[i]))
                    Refuse(columns, column, what, episode, i / column.Width, i % column.Width, values[i]);
            }
        }
    }

    static void ScanRewards(TrainingColumns columns)
    {
        for (var episode = 0; episode < columns.Episodes; episode++)
        {
            var rows = columns.EpisodeFirstRow.Slice(episode, 2);
            var values = columns.Rewards.Slice(rows[0], (int)(rows[1] - rows[0]));
            for (var i = 0; i < values.Length; i++)
            {
                if (!double.IsFinite(values[i]))
                    Throw.User(string.Create(CultureInfo.InvariantCulture, $"Dataset {columns.Info.Dataset}, episode {episode}, step {i}: the reward is {values[i]}; a model is learned from finite numbers alone. Correct the source and import again."));
            }
        }
    }

    static void ScanFinals(TrainingColumns columns)
    {
        for (var episode = 0; columns.FinalObservations is { } finals && episode < columns.Episodes; episode++)
        {
            var values = finals[episode];
            for (var d = 0; columns.FinalObservationKnown[episode][0] != 0 && d < values.Length; d++)
            {
                if (!float.IsFinite(values[d]))
                    Throw.User(string.Create(CultureInfo.InvariantCulture, $"Dataset {columns.Info.Dataset}, episode {episode}: dimension {d} of the final observation is {values[d]}; a model is learned from finite numbers alone. Correct the source and import again."));
            }
        }
    }

    static void Refuse(TrainingColumns columns, NpyColumn<float> column, string what, int episode, int step, int dimension, float value)
    {
        var isMissing = float.IsNaN(value) && IsMissing(columns, column, dimension);
        var found = isMissing ? "is missing: no row has a number there" : string.Create(CultureInfo.InvariantCulture, $"is {value}");
        Throw.User(string.Create(CultureInfo.InvariantCulture, $"Dataset {columns.Info.Dataset}, episode {episode}, step {step}: dimension {dimension} of the {what} {found}; a model is learned from finite numbers alone. Leave the dimension out of the import's mapping, or correct the source, and import again."));
    }

    static bool IsMissing(TrainingColumns columns, NpyColumn<float> column, int dimension)
    {
        for (var episode = 0; episode < columns.Episodes; episode++)
        {
            var values = Rows(columns, column, episode);
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
            var values = Rows(selection.Columns, column, episode);
            for (var i = 0; i < values.Length; i++)
                varies[i % column.Width] |= values[i] != first[i % column.Width];
        }

        return [.. Enumerable.Range(0, column.Width).Where(d => !varies[d])];
    }

    static ReadOnlySpan<float> Rows(TrainingColumns columns, NpyColumn<float> column, int episode)
    {
        var rows = columns.EpisodeFirstRow.Slice(episode, 2);
        return column.Slice(rows[0], (int)(rows[1] - rows[0]));
    }
}
