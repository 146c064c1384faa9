using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>The policy softmax(beta x z_t), where z_t are logits, or logarithms of probabilities, stored with each step.</summary>
sealed class StoredPolicy : IEvaluationPolicy
{
    // Published logs round probabilities.
    const double SumTolerance = 1e-3;

    readonly TrainingColumns _columns;
    readonly ActionColumns _stored;
    readonly ColumnsPolicySpec _spec;
    readonly int _actions;

    public StoredPolicy(ColumnsPolicySpec spec, TrainingColumns columns)
    {
        if (columns.Info.ActionSpace is not DiscreteSpace discrete)
            throw EvaluateThrow.ColumnsNeedDiscrete(spec.Text, columns.Info.ActionSpace);
        (_columns, _spec, _actions) = (columns, spec, discrete.Count);
        _stored = ActionColumns.Find($"the policy '{spec.Text}'", spec.Column, columns, discrete.Count);
    }

    public void Score(long firstRow, Span<double> logProbabilities, Span<double> probabilities)
    {
        var actions = _columns.DiscreteActions!.Slice(firstRow, logProbabilities.Length);
        Span<double> logits = _actions <= 64 ? stackalloc double[_actions] : new double[_actions];
        for (var i = 0; i < logProbabilities.Length; i++)
        {
            var row = firstRow + i;
            RequireSum(row);
            for (var a = 0; a < _actions; a++)
                logits[a] = Allowed(row, a) ? _spec.Beta * Logit(row, a) : double.NegativeInfinity;
            var logTotal = LogSumExp(logits);
            if (double.IsNaN(logTotal) || double.IsNegativeInfinity(logTotal))
                throw EvaluateThrow.StoredDistribution(_spec.Text, row, _columns.Info.Dataset);
            logProbabilities[i] = logits[actions[i]] - logTotal;
            for (var a = 0; !probabilities.IsEmpty && a < _actions; a++)
                probabilities[(i * _actions) + a] = Math.Exp(logits[a] - logTotal);
        }
    }

    /// <summary>Probabilities must sum to one before a temperature makes others of them.</summary>
    void RequireSum(long row)
    {
        if (_spec.AreLogits)
            return;
        var sum = 0.0;
        for (var a = 0; a < _actions; a++)
            sum += Allowed(row, a) ? _stored.Value(row, a) : 0;
        // NaN and negative numbers have a message of their own.
        if (Math.Abs(sum - 1) > SumTolerance)
            throw EvaluateThrow.ProbabilitySum(_spec.Text, sum, SumTolerance, row, _columns.Info.Dataset);
    }

    bool Allowed(long row, int action) => _columns.ActionMasks is not { } masks || masks[row][action] != 0;

    double Logit(long row, int action)
    {
        var value = _stored.Value(row, action);
        // The logarithm of a negative "probability" is NaN, which the sum finds.
        return _spec.AreLogits ? value : Math.Log(value);
    }

    static double LogSumExp(ReadOnlySpan<double> values)
    {
        var max = double.NegativeInfinity;
        foreach (var value in values)
            max = Math.Max(max, value);
        if (!double.IsFinite(max))
            return max;
        var sum = 0.0;
        foreach (var value in values)
            sum += Math.Exp(value - max);
        return max + Math.Log(sum);
    }
}
