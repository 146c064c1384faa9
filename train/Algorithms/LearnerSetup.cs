using OfflineRL.Datasets;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>What every learner is made for.</summary>
/// <param name="Observations">The observation space.</param>
/// <param name="Actions">A: outputs of the network. Of continuous actions, two for each dimension.</param>
/// <param name="Steps">Gradient steps of the whole run, over which step sizes change.</param>
/// <param name="Random">For the first parameters; noise that is drawn later has streams of its own, derived from it.</param>
/// <param name="Device">Where training happens.</param>
public sealed record LearnerSetup(Space Observations, int Actions, int Steps, RandomStream Random, Device Device)
{
    /// <summary>Of continuous actions; null: they are discrete.</summary>
    public ActionUnits? ActionUnits { get; init; }

    /// <summary>What the policy chooses from; null where a learner asks for no more than <see cref="Actions"/>.</summary>
    public Space? ActionSpace { get; init; }

    /// <summary>Mean and spread of the rewards as batches have them; null where nobody knows: 0 and 1.</summary>
    public Spread? Rewards { get; init; }

    /// <summary>Rows of a minibatch, where an iteration makes several gradient steps.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>A network for these observations and actions, with a plain head.</summary>
    internal NetworkDescription Describe(LearnerConfig config) => Describe(config, Actions);

    /// <summary>A network for these observations with so many outputs.</summary>
    internal NetworkDescription Describe(LearnerConfig config, int outputs) => Torsos.Describe(Observations, outputs, config.Torso, config.Hidden);

    /// <summary>A generator for the draws of each step.</summary>
    internal StepNoise Noise(string name) => new(Random.Derive(name), Device);
}

/// <summary>
/// A generator on the training device, seeded anew for each update from a named stream and the update's number: nothing of
/// it has to be stored, and a resumed run draws what the whole one did.
/// </summary>
sealed class StepNoise(RandomStream stream, Device device) : IDisposable
{
    readonly Generator _generator = new(0, device);

    /// <summary>The generator at the start of an update's draws.</summary>
    /// <param name="update">Its number.</param>
    public Generator At(long update)
    {
        _generator.manual_seed((long)(stream.Derive((ulong)update).NextUInt64() >> 1));
        return _generator;
    }

    public void Dispose() => _generator.Dispose();
}
