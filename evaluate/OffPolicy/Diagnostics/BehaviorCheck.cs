using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Whether the logged probabilities can be those that the logged actions were drawn with.</summary>
/// <param name="Estimate">The behavior policy's value by importance sampling on its own log; null where the log does not store its whole distributions.</param>
/// <param name="InconsistentSteps">Steps whose stored distribution gives the logged action another probability than the logged one; null as before.</param>
/// <param name="UniformWeight">The mean over steps of 1 / (A p), the weight of uniform actions: 1 in expectation where every allowed action can be drawn, less where some cannot; null for continuous actions.</param>
/// <param name="Finding">In words.</param>
/// <param name="IsSound">False where something is wrong beyond chance.</param>
sealed record BehaviorCheck(double? Estimate, int? InconsistentSteps, double? UniformWeight, string Finding, bool IsSound)
{
    const double Tolerance = 1e-4;

    public static BehaviorCheck Of(TrainingColumns columns, LoggedRows rows, double discount)
    {
        if (!rows.HasPropensities)
            return new(null, null, null, "not possible: the log has no propensities", true);
        var uniform = UniformWeights(columns, rows);
        var tooLarge = uniform is not null && uniform.Value > 1 + (4 * uniform.StandardError()) + 0.01;
        var uniformText = uniform is null ? "" : FormattableString.Invariant($"; uniform actions weigh {uniform.Value:g4} where at most 1 is expected");
        if (columns.BehaviorProbabilities is null || columns.DiscreteActions is null)
        {
            return new(null, null, uniform?.Value, tooLarge
                ? $"inconsistent{uniformText}: the logged probabilities are too small for how often their actions were drawn"
                : $"no whole distributions to compare with{uniformText}", !tooLarge);
        }

        var (stored, inconsistent) = StoredLogProbabilities(columns, rows);
        var episodes = LoggedEpisodes.Create(rows.FirstRow, rows.Rewards, stored, rows.BehaviorLogProbabilities);
        var (estimate, mean) = (Estimators.ImportanceSampling(episodes, discount).Value, Estimators.BehaviorReturn(episodes, discount).Value);
        return new(double.IsFinite(estimate) ? estimate : null, inconsistent, uniform?.Value, inconsistent > 0
            ? FormattableString.Invariant($"inconsistent: {inconsistent} steps log another probability than their stored distribution gives; the behavior policy's own value would be {estimate:g5} where its mean return is {mean:g5}")
            : tooLarge ? $"inconsistent{uniformText}" : $"agrees with its mean return{uniformText}", inconsistent == 0 && !tooLarge);
    }

    static (double[] LogProbabilities, int Inconsistent) StoredLogProbabilities(TrainingColumns columns, LoggedRows rows)
    {
        var (stored, inconsistent) = (new double[rows.Rewards.Length], 0);
        foreach (var (row, first, count) in rows.Chunks(8192))
        {
            var actions = columns.DiscreteActions!.Slice(row, count);
            for (var i = 0; i < count; i++)
            {
                var probability = columns.BehaviorProbabilities![row + i][actions[i]];
                var logged = rows.BehaviorLogProbabilities[first + i];
                stored[first + i] = double.IsNaN(probability) ? logged : Math.Log(probability);
                if (!double.IsNaN(probability) && Math.Abs(probability - Math.Exp(logged)) > Tolerance * Math.Max(probability, Math.Exp(logged)))
                    inconsistent++;
            }
        }

        return (stored, inconsistent);
    }

    /// <summary>sum_it 1 / (A_it p_it) over the number of steps, as a ratio over episodes.</summary>
    static EpisodeStatistic? UniformWeights(TrainingColumns columns, LoggedRows rows)
    {
        if (columns.Info.ActionSpace is not DiscreteSpace discrete)
            return null;
        var perStep = new double[rows.Rewards.Length];
        foreach (var (row, first, count) in rows.Chunks(8192))
        {
            for (var i = 0; i < count; i++)
            {
                var allowed = columns.ActionMasks is { } masks ? masks[row + i].Length - System.MemoryExtensions.Count(masks[row + i], (byte)0) : discrete.Count;
                perStep[first + i] = Math.Exp(-rows.BehaviorLogProbabilities[first + i]) / allowed;
            }
        }

        var (sums, lengths) = (new double[rows.Episodes], new double[rows.Episodes]);
        for (var e = 0; e < sums.Length; e++)
        {
            for (var row = rows.FirstRow[e]; row < rows.FirstRow[e + 1]; row++)
                sums[e] += perStep[row];
            lengths[e] = rows.FirstRow[e + 1] - rows.FirstRow[e];
        }

        return EpisodeStatistic.Ratio(sums, lengths);
    }
}
