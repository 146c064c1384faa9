using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>What must hold of every episode before it is stored; one message says which episode, step and column is wrong.</summary>
static class EpisodeRules
{
    /// <exception cref="UserErrorException">The columns do not fit the description, or hold a number that cannot be.</exception>
    public static void Require(in EpisodeColumns e, DatasetDescription d, TrajectorySchema schema)
    {
        int steps = e.Rewards.Length;
        if (string.IsNullOrEmpty(e.Key))
        {
            throw Fault(e, null, "episode_key", "is empty", "expected a text that identifies the episode in its source");
        }

        if (steps == 0)
        {
            throw Fault(e, null, "reward", "has no steps", "expected at least one");
        }

        if (!e.Terminated && !e.Truncated)
        {
            throw Fault(e, steps - 1, "truncated", "ends neither terminated nor truncated",
                "expected one of them; a log that ends in the middle of an episode truncates it");
        }

        RequireObservations(e, schema, steps);
        RequireActions(e, schema, steps);
        Length(e, "reward", e.Rewards.Length, steps, 1);
        Finite(e, "reward", e.Rewards, 1);
        RequirePropensities(e, d, schema, steps);
        Optional(e, "action_features", e.ActionFeatures.Length, steps, schema.ActionFeaturesWidth, schema.ActionFeatures > 0);
        Finite(e, "action_features", e.ActionFeatures, schema.ActionFeaturesWidth);
        Optional(e, "timestamp", e.TimestampMicros.Length, steps, 1, d.HasTimestamp);
        RequireInfo(e, d, steps);
    }

    static void RequireObservations(in EpisodeColumns e, TrajectorySchema schema, int steps)
    {
        int width = schema.ObservationWidth;
        if (schema.ObservationsAreBytes)
        {
            Length(e, "observation", e.ObservationBytes.Length, steps, width);
            if (e.FinalObservationBytes.Length != 0)
            {
                Length(e, "final_observation", e.FinalObservationBytes.Length, 1, width);
            }

            return;
        }

        Length(e, "observation", e.Observations.Length, steps, width);
        Finite(e, "observation", e.Observations, width);
        if (e.FinalObservation.Length != 0)
        {
            Length(e, "final_observation", e.FinalObservation.Length, 1, width);
            Finite(e, "final_observation", e.FinalObservation, width);
        }

        if (schema.ObservationSpace is DiscreteSpace space)
        {
            Whole(e, "observation", e.Observations, space.Count);
            Whole(e, "final_observation", e.FinalObservation, space.Count);
        }
    }

    static void RequireActions(in EpisodeColumns e, TrajectorySchema schema, int steps)
    {
        if (schema.ActionCount > 0)
        {
            Length(e, "action", e.DiscreteActions.Length, steps, 1);
            for (int t = 0; t < steps; t++)
            {
                if ((uint)e.DiscreteActions[t] >= (uint)schema.ActionCount)
                {
                    throw Fault(e, t, "action", $"is {e.DiscreteActions[t]}", $"expected 0 to {schema.ActionCount - 1}");
                }
            }
        }
        else
        {
            Length(e, "action", e.ContinuousActions.Length, steps, schema.ActionWidth);
            Finite(e, "action", e.ContinuousActions, schema.ActionWidth);
        }
    }

    static void RequirePropensities(in EpisodeColumns e, DatasetDescription d, TrajectorySchema schema, int steps)
    {
        Optional(e, "behavior_log_prob", e.BehaviorLogProbabilities.Length, steps, 1, d.PropensityKind != PropensityKind.None);
        Optional(e, "behavior_probs", e.BehaviorProbabilities.Length, steps, schema.ActionCount, d.HasBehaviorProbabilities);
        Optional(e, "action_mask", e.ActionMasks.Length, steps, schema.ActionCount, d.HasActionMask);
        bool none = e.BehaviorLogProbabilities.IsEmpty && e.BehaviorProbabilities.IsEmpty && e.ActionMasks.IsEmpty;
        for (int t = 0; !none && t < steps; t++)
        {
            string? fault = StepFault(
                d.PropensityKind,
                e.BehaviorLogProbabilities.IsEmpty ? double.NaN : e.BehaviorLogProbabilities[t],
                Row(e.BehaviorProbabilities, t, schema.ActionCount),
                Row(e.ActionMasks, t, schema.ActionCount),
                schema.ActionCount > 0 ? e.DiscreteActions[t] : -1,
                out string column);
            if (fault is not null)
            {
                throw Fault(e, t, column, fault, "the probabilities of a step must belong together");
            }
        }
    }

    /// <summary>What is wrong with the propensities of one step, and in which column; null: nothing. Shared with the check of stored rows.</summary>
    public static string? StepFault(
        PropensityKind kind, double logProbability, ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> mask, int action, out string column)
    {
        column = "behavior_log_prob";
        if (double.IsInfinity(logProbability) || (kind == PropensityKind.Probability && logProbability > TrajectorySchema.ProbabilityTolerance))
        {
            return Text($"is {logProbability}, expected the logarithm of {(kind == PropensityKind.Probability ? "a probability" : "a density")}");
        }

        if (!mask.IsEmpty && !mask[action])
        {
            column = "action_mask";
            return $"does not allow action {action}, which was taken";
        }

        if (probabilities.IsEmpty)
        {
            return null;
        }

        column = "behavior_probs";
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            double p = probabilities[i];
            if (!(p >= 0 && p <= 1 + TrajectorySchema.ProbabilitySumTolerance))
            {
                return Text($"holds {p} for action {i}, expected 0 to 1");
            }

            if (!mask.IsEmpty && !mask[i] && p > TrajectorySchema.ProbabilitySumTolerance)
            {
                return Text($"holds {p} for action {i}, which the mask does not allow");
            }

            sum += p;
        }

        if (!(Math.Abs(sum - 1) <= TrajectorySchema.ProbabilitySumTolerance))
        {
            return Text($"sums to {sum}, expected 1 within {TrajectorySchema.ProbabilitySumTolerance}");
        }

        double logged = Math.Exp(logProbability);
        return !double.IsNaN(logged) && !(Math.Abs(logged - probabilities[action]) <= TrajectorySchema.ProbabilityTolerance)
            ? Text($"holds {probabilities[action]} for the action taken, behavior_log_prob says {logged}")
            : null;
    }

    static void RequireInfo(in EpisodeColumns e, DatasetDescription d, int steps)
    {
        if (e.Info.Length != d.InfoColumns.Count)
        {
            throw Fault(e, null, "info", $"has {e.Info.Length} passed-through columns", $"expected {d.InfoColumns.Count}");
        }

        for (int i = 0; i < d.InfoColumns.Count; i++)
        {
            InfoColumn column = d.InfoColumns[i];
            int length = column.Type switch
            {
                InfoType.Double => e.Info[i].Doubles.Length,
                InfoType.Integer => e.Info[i].Integers.Length,
                InfoType.Boolean => e.Info[i].Booleans.Length,
                _ => e.Info[i].Texts.Length,
            };
            Length(e, column.Name, length, steps, Math.Max(1, column.Width));
        }
    }

    static void Optional(in EpisodeColumns e, string column, int length, int steps, int width, bool described)
    {
        if (length == 0)
        {
            return;
        }

        if (!described)
        {
            throw Fault(e, null, column, "has values", "the description of the dataset says that it has none");
        }

        Length(e, column, length, steps, width);
    }

    static void Length(in EpisodeColumns e, string column, int length, int steps, int width)
    {
        if (length != (long)steps * width)
        {
            throw Fault(e, null, column, $"has {length} values", $"expected {steps} steps of {width}");
        }
    }

    static void Finite(in EpisodeColumns e, string column, ReadOnlySpan<float> values, int width)
    {
        if (FiniteNumbers.All(values))
        {
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw Fault(e, i / width, column, Text($"is {values[i]} at index {i % width}"), "expected a finite number");
            }
        }
    }

    static void Finite(in EpisodeColumns e, string column, ReadOnlySpan<double> values, int width)
    {
        if (FiniteNumbers.All(values))
        {
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw Fault(e, i / width, column, Text($"is {values[i]}"), "expected a finite number");
            }
        }
    }

    static void Whole(in EpisodeColumns e, string column, ReadOnlySpan<float> values, int count)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] >= 0 && values[i] < count && values[i] == MathF.Floor(values[i])))
            {
                throw Fault(e, i, column, Text($"is {values[i]}"), $"expected a whole number from 0 to {count - 1}");
            }
        }
    }

    static ReadOnlySpan<T> Row<T>(ReadOnlySpan<T> values, int row, int width) => values.IsEmpty ? values : values.Slice(row * width, width);

    static UserErrorException Fault(in EpisodeColumns e, int? step, string column, string found, string expected) =>
        new($"Episode '{e.Key}'{(e.SourceFile is null ? "" : $" of '{e.SourceFile}'")}{(step is null ? "" : $", step {step}")}: {column} {found}; {expected}.");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
