namespace OfflineRL.Evaluate;

/// <summary>
/// What a model says of logged steps: the values that doubly robust estimators correct and direct ones take as they are.
/// </summary>
/// <param name="ActionValues">[N], q(s_t, a_t): the discounted return from step t on, under the evaluation policy after a_t.</param>
/// <param name="StateValues">[N], v(s_t) = sum_a pi_e(a | s_t) q(s_t, a).</param>
/// <remarks>
/// Rows in the order of <see cref="LoggedEpisodes"/>. A finished episode's values are 0. A row's values must not depend on
/// the row's own episode, else the correction sees nothing to correct: fit them on other episodes.
/// </remarks>
public sealed record ValueColumns(double[] ActionValues, double[] StateValues)
{
    /// <summary>Finite numbers, one of each a step.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">The number of rows differs, or a value is not finite; the message names the row.</exception>
    public void RequireFit(int steps)
    {
        if (ActionValues.Length != steps || StateValues.Length != steps)
            throw EvaluateThrow.ValueLengths(steps, ActionValues.Length, StateValues.Length);
        for (var row = 0; row < steps; row++)
        {
            if (!double.IsFinite(ActionValues[row]) || !double.IsFinite(StateValues[row]))
                throw EvaluateThrow.ValueNotFinite(ActionValues[row], StateValues[row], row);
        }
    }
}
