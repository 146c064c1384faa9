using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>What must hold of a step before it is logged; the same as what <see cref="EpisodeRules"/> asks of whole episodes.</summary>
sealed class LogRules(DatasetDescription description)
{
    readonly TrajectorySchema _schema = TrajectorySchema.Of(description);

    public void Require(in LoggedStep s, string episode, int step)
    {
        RequireObservation(s.Observation, s.ObservationBytes, "observation", episode, step);
        if (_schema.ActionCount > 0)
        {
            if ((uint)s.Action >= (uint)_schema.ActionCount)
                throw Throw.BadStep(episode, step, "action", $"is {s.Action}", $"expected 0 to {_schema.ActionCount - 1}");
        }
        else
        {
            RequireFloats(s.ContinuousAction, _schema.ActionWidth, "action", episode, step);
        }

        if (!double.IsFinite(s.Reward))
            throw Throw.BadStep(episode, step, "reward", Text($"is {s.Reward}"), "expected a finite number");
        RequirePropensities(s, episode, step);
    }

    public void RequireObservation(ReadOnlySpan<float> values, ReadOnlySpan<byte> bytes, string column, string episode, int step)
    {
        if (_schema.ObservationsAreBytes)
        {
            if (bytes.Length != _schema.ObservationWidth)
                throw Throw.BadStep(episode, step, column, $"has {bytes.Length} bytes", $"expected {_schema.ObservationWidth}");
            return;
        }

        RequireFloats(values, _schema.ObservationWidth, column, episode, step);
        if (_schema.ObservationSpace is DiscreteSpace space && !(values[0] >= 0 && values[0] < space.Count && values[0] == MathF.Floor(values[0])))
            throw Throw.BadStep(episode, step, column, Text($"is {values[0]}"), $"expected a whole number from 0 to {space.Count - 1}");
    }

    static void RequireFloats(ReadOnlySpan<float> values, int width, string column, string episode, int step)
    {
        if (values.Length != width)
            throw Throw.BadStep(episode, step, column, $"has {values.Length} numbers", $"expected {width}");
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw Throw.BadStep(episode, step, column, Text($"is {values[i]} at index {i}"), "expected a finite number");
        }
    }

    void RequirePropensities(in LoggedStep s, string episode, int step)
    {
        if (s.LogProbability is not null && description.PropensityKind == PropensityKind.None)
            throw Throw.BadStep(episode, step, "behavior_log_prob", "has a value", "the log's description says that it has none");
        if (s.LogProbability is double.NaN)
            throw Throw.BadStep(episode, step, "behavior_log_prob", "is NaN", "expected a number, or null where it is unknown");
        RequireWidth(s.Probabilities.Length, description.HasBehaviorProbabilities, "behavior_probs", episode, step);
        RequireWidth(s.Mask.Length, description.HasActionMask, "action_mask", episode, step);
        if (EpisodeRules.StepFault(description.PropensityKind, s.LogProbability ?? double.NaN, s.Probabilities, s.Mask, s.Action, out var column) is { } fault)
            throw Throw.BadStep(episode, step, column, fault, "the probabilities of a step must belong together");
    }

    void RequireWidth(int found, bool described, string column, string episode, int step)
    {
        if (found != 0 && !described)
            throw Throw.BadStep(episode, step, column, "has values", "the log's description says that it has none");
        if (found != 0 && found != _schema.ActionCount)
            throw Throw.BadStep(episode, step, column, $"has {found} values", $"expected {_schema.ActionCount}");
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
