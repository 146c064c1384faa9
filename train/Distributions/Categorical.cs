using OfflineRL.Torch;
using OfflineRL.Train.Losses;
using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>
/// A softmax over discrete actions. A forbidden action has probability 0, the logarithm negative infinity, and no gradient; every formula here leaves it out
/// before it could turn infinity into not-a-number.
/// </summary>
public sealed class Categorical : IActionDistribution
{
    readonly Tensor? _forbidden;

    /// <param name="logits">[*, A] float.</param>
    /// <param name="masks">[*, A] bool, true where the action is allowed, at least one of each row; null: all are.</param>
    public Categorical(Tensor logits, Tensor? masks = null)
    {
        var shapes = new Shapes();
        shapes.Require(logits, "* A");
        if (masks is not null)
        {
            shapes.Require(masks, "* A", ScalarType.Bool);
            _forbidden = masks.logical_not();
            logits = TdLosses.MaskOut(logits, masks);
        }

        LogProbabilities = logits.log_softmax(-1);
    }

    /// <summary>[*, A]: of every action; negative infinity where it is forbidden.</summary>
    public Tensor LogProbabilities { get; }

    /// <summary>[*, A]: of every action; they add up to 1.</summary>
    public Tensor Probabilities => LogProbabilities.exp();

    public Tensor LogProbability(Tensor actions)
    {
        var shapes = new Shapes();
        shapes.Require(LogProbabilities, "* A");
        shapes.Require(actions, "*", ScalarType.Int64);
        return LogProbabilities.gather(-1, actions.unsqueeze(-1)).squeeze(-1);
    }

    /// <summary>By a race of exponential clocks, whose first is each action with its probability: one pass, whatever the leading axes.</summary>
    public Tensor Sample(Generator generator)
    {
        using var quiet = no_grad();
        var probabilities = Probabilities;
        // A clock at 0 would make 0 / 0 of a forbidden action.
        var clocks = TorchExtras.Clocks(probabilities.shape, generator, probabilities.device).clamp_min(1e-30);
        return probabilities.div(clocks).argmax(-1);
    }

    /// <summary>Null: a draw of a discrete action has no derivative.</summary>
    public Tensor? RSample(Generator generator) => null;

    /// <summary>Exact: minus the sum of p ln p over allowed actions.</summary>
    public Tensor Entropy() => Probabilities.mul(Finite(LogProbabilities)).sum(-1).neg();

    /// <summary>Exact: the sum of p (ln p - ln q) over the actions that are allowed here; infinite where the other forbids one of them.</summary>
    public Tensor KlTo(IActionDistribution other) =>
        Probabilities.mul(Finite(LogProbabilities).sub(Finite(((Categorical)other).LogProbabilities))).sum(-1);

    public Tensor Mode()
    {
        using var quiet = no_grad();
        return LogProbabilities.argmax(-1);
    }

    Tensor Finite(Tensor logs) => _forbidden is null ? logs : logs.masked_fill(_forbidden, 0);
}
