using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Algorithms;
using static TorchSharp.torch;

namespace OfflineRL.Train.Networks;

/// <summary>A network that learns, its optimizer, and, where a learner bootstraps from one, the copy that follows it.</summary>
sealed class LearningNetwork : IDisposable
{
    readonly LearnerConfig _config;
    readonly FlatAdam _optimizer;
    readonly int _steps;

    /// <param name="description">The architecture.</param>
    /// <param name="config">Step size, Adam's epsilon, the gradient's limit.</param>
    /// <param name="steps">Gradient steps of the whole run, over which the step size changes.</param>
    /// <param name="random">For the first parameters.</param>
    /// <param name="device">Where it lies.</param>
    /// <param name="hasTarget">Whether there is a copy.</param>
    public LearningNetwork(NetworkDescription description, LearnerConfig config, int steps, RandomStream random, Device device, bool hasTarget)
    {
        (_config, _steps) = (config, steps);
        Online = new Network(description, random, device);
        if (hasTarget)
        {
            Target = new Network(description, random, device);
            Target.Parameters.CopyFrom(Online.Parameters);
        }

        _optimizer = new FlatAdam(Online.Parameters, config.LearningRate, eps: config.AdamEpsilon, maxGradientNorm: config.MaxGradientNorm);
    }

    public Network Online { get; }

    /// <summary>The copy; null where there is none.</summary>
    public Network? Target { get; }

    /// <summary>Updates done.</summary>
    public long Updates
    {
        get => _optimizer.StepCount;
        set => _optimizer.StepCount = value;
    }

    /// <summary>Where the run stands, of its steps, by which the step size changes; null: <see cref="Updates"/>, one of which is a step.</summary>
    public long? RunStep { get; set; }

    /// <summary>What the step size is multiplied by beside its schedule. The default value is 1.</summary>
    public double StepScale { get; set; } = 1;

    /// <summary>One update of the parameters from the gradients that backward left, which are zero after it.</summary>
    public void Update()
    {
        _optimizer.LearningRate = StepScale * _config.LearningRateAt(RunStep ?? Updates, _steps);
        _optimizer.Step(zeroGrad: true);
    }

    /// <summary>Moves the copy after the network, where its time has come: call it after <see cref="Update"/>.</summary>
    /// <param name="rate">The share that moves, in (0, 1]; 1 copies.</param>
    /// <param name="period">Updates between moves.</param>
    public void MoveTarget(double rate, int period)
    {
        if (Updates % period != 0)
            return;
        if (rate == 1)
            Target!.Parameters.CopyFrom(Online.Parameters);
        else
            Target!.Parameters.SoftUpdateFrom(Online.Parameters, rate);
    }

    /// <summary>Every tensor that decides what the next updates do.</summary>
    public IEnumerable<NamedTensor> State(string prefix = "") =>
    [
        .. Online.NamedTensors(prefix + "online."),
        .. Target?.NamedTensors(prefix + "target.") ?? [],
        new(prefix + "adam.first_moment", _optimizer.FirstMoment),
        new(prefix + "adam.second_moment", _optimizer.SecondMoment),
    ];

    public void Dispose()
    {
        _optimizer.Dispose();
        Online.Dispose();
        Target?.Dispose();
    }
}
