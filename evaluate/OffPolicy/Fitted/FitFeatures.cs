namespace OfflineRL.Evaluate;

/// <summary>
/// Features phi(s, a) of a linear fit. Discrete actions: [1, x] for each action, zero but for the one taken; x is the observation, every number of it shifted
/// and scaled to mean 0 and deviation 1 over the log, or one number for each state (and then no 1). Continuous actions: all products of two of [1, x, a], for values are rarely linear in actions.
/// </summary>
sealed class FitFeatures
{
    readonly FitLog _log;
    readonly double[] _mean, _scale, _actionMean, _actionScale;
    readonly double[] _terms;

    public FitFeatures(FitLog log)
    {
        _log = log;
        (_mean, _scale) = log.Observations is null ? ([], []) : Moments(log.Observations, log.ObservationSize, log.Steps);
        (_actionMean, _actionScale) = log.ContinuousActions is null ? ([], []) : Moments(log.ContinuousActions, log.ActionCount, log.Steps);
        StateSize = log.States is null ? 1 + log.ObservationSize : log.StateCount;
        _terms = new double[StateSize + (log.ContinuousActions is null ? 0 : log.ActionCount)];
        Size = log.ContinuousActions is null ? StateSize * log.ActionCount : _terms.Length * (_terms.Length + 1) / 2;
    }

    /// <summary>Numbers of a state alone.</summary>
    public int StateSize { get; }

    /// <summary>d: numbers of a state and action.</summary>
    public int Size { get; }

    /// <summary>[<see cref="StateSize"/>], written: of a point alone.</summary>
    public void State(int point, Span<double> features)
    {
        if (_log.States is { } states)
        {
            features.Clear();
            features[states[point]] = 1;
            return;
        }

        features[0] = 1;
        var observation = _log.Observations.AsSpan(point * _log.ObservationSize, _log.ObservationSize);
        for (var i = 0; i < observation.Length; i++)
            features[i + 1] = (observation[i] - _mean[i]) * _scale[i];
    }

    /// <summary>[d], written: phi(s_t, a_t).</summary>
    public void Taken(int row, Span<double> features)
    {
        features.Clear();
        if (_log.Actions is { } actions)
            State(row, features.Slice(actions[row] * StateSize, StateSize));
        else
            AddProducts(row, _log.ContinuousActions.AsSpan(row * _log.ActionCount, _log.ActionCount), 1, features);
    }

    /// <summary>[d], written: the mean of phi(s, a) over a ~ pi_e.</summary>
    public void Expected(int point, Span<double> features)
    {
        features.Clear();
        if (_log.ContinuousActions is not null)
        {
            for (var k = 0; k < _log.Draws; k++)
                AddProducts(point, _log.DrawnActions.AsSpan(((point * _log.Draws) + k) * _log.ActionCount, _log.ActionCount), 1.0 / _log.Draws, features);
            return;
        }

        var state = _terms.AsSpan(0, StateSize);
        State(point, state);
        var policy = _log.Policy(point);
        for (var a = 0; a < policy.Length; a++)
        {
            if (policy[a] == 0)
                continue;
            for (var i = 0; i < state.Length; i++)
                features[(a * StateSize) + i] = policy[a] * state[i];
        }
    }

    void AddProducts(int point, ReadOnlySpan<float> action, double weight, Span<double> features)
    {
        State(point, _terms);
        for (var i = 0; i < action.Length; i++)
            _terms[StateSize + i] = (action[i] - _actionMean[i]) * _actionScale[i];
        var at = 0;
        for (var i = 0; i < _terms.Length; i++)
        {
            for (var j = i; j < _terms.Length; j++)
                features[at++] += weight * _terms[i] * _terms[j];
        }
    }

    // A number that never changes is left at 0.
    static (double[] Mean, double[] Scale) Moments(float[] values, int width, int rows)
    {
        var (mean, scale) = (new double[width], new double[width]);
        for (var i = 0; i < width; i++)
        {
            var (sum, squares) = (0.0, 0.0);
            for (var row = 0; row < rows; row++)
                sum += values[(row * width) + i];
            mean[i] = sum / rows;
            for (var row = 0; row < rows; row++)
                squares += Math.Pow(values[(row * width) + i] - mean[i], 2);
            scale[i] = squares > 0 ? 1 / Math.Sqrt(squares / rows) : 0;
        }

        return (mean, scale);
    }
}
