using static TorchSharp.torch;

namespace OfflineRL.Train;

/// <summary>
/// A distribution over actions for each of any number of rows: [*] below are the leading axes that its parameters have. Its tensors belong to the dispose scope in
/// which it was made, and it is used up with it. Results have the element type of the parameters, and gradients reach the parameters through all but
/// <see cref="Sample"/> and <see cref="Mode"/>.
/// </summary>
public interface IActionDistribution
{
    /// <summary>The natural logarithm of the probability, or of the joint density of the action as stored.</summary>
    /// <param name="actions">[*] int64 of discrete actions; [*, A] float of continuous ones, constants.</param>
    /// <returns>[*]; negative infinity where the action is forbidden or outside the bounds.</returns>
    Tensor LogProbability(Tensor actions);

    /// <summary>One action a row, through which no gradient flows: [*] int64, or [*, A].</summary>
    /// <param name="generator">On the device of the parameters.</param>
    Tensor Sample(Generator generator);

    /// <summary>One action a row as a function of the parameters and of noise that does not depend on them: [*, A]; null where there is no such function.</summary>
    /// <param name="generator">On the device of the parameters.</param>
    Tensor? RSample(Generator generator);

    /// <summary>The entropy in nats, [*]; differential where actions are continuous. The implementation says whether it is exact.</summary>
    Tensor Entropy();

    /// <summary>The Kullback-Leibler divergence of another distribution from this one, E[ln this - ln other] under this: [*], not negative. The implementation says whether it is exact.</summary>
    /// <param name="other">Of the same kind, over the same actions.</param>
    Tensor KlTo(IActionDistribution other);

    /// <summary>The action that is taken where nothing is drawn: [*] int64, or [*, A]. It has no gradient.</summary>
    Tensor Mode();
}
