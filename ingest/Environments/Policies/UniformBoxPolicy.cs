using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Continuous actions, every one inside the bounds with the same density: the log-density is -sum over dimensions of ln(high - low).</summary>
public sealed class UniformBoxPolicy : IPolicy
{
    readonly BoxSpace _actions;
    readonly double _logDensity;

    /// <param name="observationSpace">Any.</param>
    /// <param name="actionSpace">Each dimension between finite bounds.</param>
    /// <exception cref="UserErrorException">The actions are not bounded.</exception>
    public UniformBoxPolicy(Space observationSpace, BoxSpace actionSpace)
    {
        for (var d = 0; d < actionSpace.FlatSize; d++)
        {
            if (!(double.IsFinite(actionSpace.Low[d]) && double.IsFinite(actionSpace.High[d]) && actionSpace.Low[d] < actionSpace.High[d]))
                throw Throw.UniformNeedsBounds(actionSpace, d);
        }

        (ObservationSpace, _actions) = (observationSpace, actionSpace);
        _logDensity = -actionSpace.Low.Zip(actionSpace.High, static (low, high) => Math.Log(high - low)).Sum();
    }

    public string Name => "uniform";

    public Space ObservationSpace { get; }

    public Space ActionSpace => _actions;

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var width = _actions.FlatSize;
        for (var i = 0; i < input.Count; i++)
        {
            for (var d = 0; d < width; d++)
                output.Continuous[(i * width) + d] = (float)input.Random[i].Uniform(_actions.Low[d], _actions.High[d]);
            output.LogProbabilities[i] = _logDensity;
        }
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        var width = _actions.FlatSize;
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = ContinuousRows.IsInside(actions.Continuous.Slice(i * width, width), _actions) ? _logDensity : double.NegativeInfinity;
    }
}
