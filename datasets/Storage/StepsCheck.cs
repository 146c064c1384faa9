using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>Checks stored steps: order without gaps, finite numbers, flags on last steps only, propensities that belong together.</summary>
sealed class StepsCheck(DatasetManifest manifest, List<EpisodeRecord> episodes, Action<string, string> add)
{
    readonly TrajectorySchema _schema = TrajectorySchema.Of(manifest);
    readonly byte[] _hasProbabilities = new byte[2048], _hasMask = new byte[2048];
    float[] _floats = [];
    double[] _doubles = [];
    bool[] _flags = [];
    long _episode = -1;
    int _step;
    double _return;

    public void Check(StepsChunk chunk)
    {
        ReadOnlySpan<long> ids = chunk.Numbers<long>(0, "episode_id");
        ReadOnlySpan<int> steps = chunk.Numbers<int>(1, "step");
        ReadOnlySpan<double> rewards = chunk.Numbers<double>(4, "reward");
        ReadOnlySpan<bool> terminated = chunk.Numbers<bool>(5, "terminated");
        ReadOnlySpan<bool> truncated = chunk.Numbers<bool>(6, "truncated");
        for (int row = 0; row < chunk.Rows; row++)
        {
            if (ids[row] != _episode)
            {
                Finish();
                if (ids[row] != _episode + 1)
                {
                    Add(chunk, row, "episode_id", $"found {ids[row]} after {_episode}, expected {_episode + 1}");
                }

                _episode = ids[row];
                _step = 0;
                _return = 0;
            }

            if (steps[row] != _step)
            {
                Add(chunk, row, "step", $"found {steps[row]} in episode {_episode}, expected {_step}: a gap");
                _step = steps[row];
            }

            if (!double.IsFinite(rewards[row]))
            {
                Add(chunk, row, "reward", Text($"found {rewards[row]}, expected a finite number"));
            }

            EpisodeRecord? episode = _episode >= 0 && _episode < episodes.Count ? episodes[(int)_episode] : null;
            bool last = episode is not null && _step == episode.Steps - 1;
            if (episode is not null && (terminated[row] != (last && episode.Terminated) || truncated[row] != (last && episode.Truncated)))
            {
                Add(chunk, row, "terminated and truncated",
                    $"found {terminated[row]} and {truncated[row]} at step {_step} of {episode.Steps}, the episodes table says {episode.Terminated} and {episode.Truncated} at the last");
            }

            _return += rewards[row];
            _step++;
        }

        CheckNumbers(chunk);
        CheckPropensities(chunk);
    }

    /// <summary>Compares the episode that has just ended with the episodes table.</summary>
    public void Finish()
    {
        if (_episode < 0 || _episode >= episodes.Count)
        {
            return;
        }

        EpisodeRecord expected = episodes[(int)_episode];
        if (_step != expected.Steps)
        {
            add("steps", $"episode {_episode} has {_step} steps, the episodes table says {expected.Steps}");
        }

        if (!(Math.Abs(_return - expected.Return) <= 1e-9 * Math.Max(1, Math.Abs(expected.Return))))
        {
            add("return", Text($"the rewards of episode {_episode} sum to {_return}, the episodes table says {expected.Return}"));
        }
    }

    void CheckNumbers(StepsChunk chunk)
    {
        if (!_schema.ObservationsAreBytes && !_schema.ObservationsAreDiscrete)
        {
            RequireFinite(chunk, "observation", chunk.Lists(2, "observation", _schema.ObservationWidth, ref _floats), _schema.ObservationWidth);
        }
        else if (manifest.ObservationSpace is DiscreteSpace observations)
        {
            RequireRange(chunk, "observation", chunk.Numbers<int>(2, "observation"), observations.Count);
        }

        if (_schema.ActionCount > 0)
        {
            RequireRange(chunk, "action", chunk.Numbers<int>(3, "action"), _schema.ActionCount);
        }
        else
        {
            RequireFinite(chunk, "action", chunk.Lists(3, "action", _schema.ActionWidth, ref _floats), _schema.ActionWidth);
        }

        if (_schema.ActionFeatures > 0)
        {
            const string name = "action_features";
            RequireFinite(chunk, name, chunk.PresentNestedLists(_schema.ActionFeaturesColumn, name, _schema.ActionCount, _schema.ActionFeatures, ref _floats), _schema.ActionFeaturesWidth);
        }
    }

    void CheckPropensities(StepsChunk chunk)
    {
        int count = _schema.ActionCount;
        chunk.Present(8, _hasProbabilities.AsSpan(0, chunk.Rows));
        chunk.Present(9, _hasMask.AsSpan(0, chunk.Rows));
        DuckDbVector logged = chunk[7];
        ReadOnlySpan<double> probabilities = chunk.PresentLists(8, "behavior_probs", count, ref _doubles);
        ReadOnlySpan<bool> masks = chunk.PresentLists(9, "action_mask", count, ref _flags);
        ReadOnlySpan<int> actions = count > 0 ? chunk.Numbers<int>(3, "action") : [];
        int probabilityAt = 0, maskAt = 0;
        for (int row = 0; row < chunk.Rows; row++)
        {
            int action = count > 0 ? actions[row] : -1;
            ReadOnlySpan<double> p = _hasProbabilities[row] == 0 ? [] : probabilities.Slice(count * probabilityAt++, count);
            ReadOnlySpan<bool> mask = _hasMask[row] == 0 ? [] : masks.Slice(count * maskAt++, count);
            if (count > 0 && (uint)action >= (uint)count)
            {
                continue; // Found above; nothing can be said of its probability.
            }

            double logProbability = logged.IsNull(row) ? double.NaN : logged.Values<double>()[row];
            if (!logged.IsNull(row) && double.IsNaN(logProbability))
            {
                Add(chunk, row, "behavior_log_prob", "found NaN, expected a number or null");
            }

            if (EpisodeRules.StepFault(manifest.PropensityKind, logProbability, p, mask, action, out string column) is { } fault)
            {
                Add(chunk, row, column, fault);
            }
        }
    }

    void RequireFinite(StepsChunk chunk, string column, ReadOnlySpan<float> values, int width)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                Add(chunk, i / width, column, Text($"found {values[i]} at index {i % width}, expected a finite number"));
            }
        }
    }

    void RequireRange(StepsChunk chunk, string column, ReadOnlySpan<int> values, int count)
    {
        for (int row = 0; row < values.Length; row++)
        {
            if ((uint)values[row] >= (uint)count)
            {
                Add(chunk, row, column, $"found {values[row]}, expected 0 to {count - 1}");
            }
        }
    }

    void Add(StepsChunk chunk, int row, string column, string found) =>
        add(column, $"'{Path.GetFileName(chunk.Path)}', row {chunk.FirstRowOfFile + row}, column {column}: {found}");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
