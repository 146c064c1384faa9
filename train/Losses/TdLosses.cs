using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Temporal-difference errors and the losses made of them. Suffix <c>_tm1</c> is the step that is learned about,
/// <c>_t</c> the one after it. All accept any leading axes and return the same leading axes.
/// </summary>
public static class TdLosses
{
    /// <summary>
    /// The Q-learning error: r_t + discount_t * max_a q_t(a) - q_tm1(a_tm1).
    /// Mnih et al. 2015, "Human-level control through deep reinforcement learning", Methods, algorithm 1.
    /// </summary>
    /// <param name="qTm1">[*, A] float: action values at s_tm1 by the network that learns.</param>
    /// <param name="aTm1">[*] int64: action taken at s_tm1, in [0, A).</param>
    /// <param name="rT">[*] float: reward that followed.</param>
    /// <param name="discountT">[*] float in [0, 1]: 0 where the episode terminated, gamma elsewhere (also at a time limit).</param>
    /// <param name="qTargetT">[*, A] float: action values at s_t by the target network.</param>
    /// <param name="maskT">[*, A] bool, true where the action is allowed at s_t; null: all are. At least one must be.</param>
    /// <param name="stopTargetGradients">Whether the target is a constant for the gradient.</param>
    /// <returns>[*] float: target minus estimate.</returns>
    /// <remarks>It cannot check that a_tm1 was allowed, nor that s_t is the real successor of s_tm1.</remarks>
    public static Tensor QLearning(Tensor qTm1, Tensor aTm1, Tensor rT, Tensor discountT, Tensor qTargetT, Tensor? maskT = null, bool stopTargetGradients = true) =>
        DoubleQLearning(qTm1, aTm1, rT, discountT, qTargetT, qTargetT, maskT, stopTargetGradients);

    /// <summary>
    /// The double Q-learning error: r_t + discount_t * q_target_t(argmax_a q_selector_t(a)) - q_tm1(a_tm1).
    /// van Hasselt, Guez, Silver 2016, "Deep reinforcement learning with double Q-learning", equation 4.
    /// </summary>
    /// <param name="qTm1">[*, A] float: action values at s_tm1 by the network that learns.</param>
    /// <param name="aTm1">[*] int64: action taken at s_tm1, in [0, A).</param>
    /// <param name="rT">[*] float: reward that followed.</param>
    /// <param name="discountT">[*] float in [0, 1]: 0 where the episode terminated, gamma elsewhere (also at a time limit).</param>
    /// <param name="qTargetT">[*, A] float: action values at s_t by the target network, which value the chosen action.</param>
    /// <param name="qSelectorT">[*, A] float: action values at s_t by the network that learns, which choose it (ties: lowest index).</param>
    /// <param name="maskT">[*, A] bool, true where the action is allowed at s_t; null: all are. At least one must be.</param>
    /// <param name="stopTargetGradients">Whether the target is a constant for the gradient.</param>
    /// <returns>[*] float: target minus estimate.</returns>
    /// <remarks>It cannot check that a_tm1 was allowed, nor that s_t is the real successor of s_tm1.</remarks>
    public static Tensor DoubleQLearning(Tensor qTm1, Tensor aTm1, Tensor rT, Tensor discountT, Tensor qTargetT, Tensor qSelectorT, Tensor? maskT = null, bool stopTargetGradients = true)
    {
        var target = DoubleQTarget(rT, discountT, qTargetT, qSelectorT, maskT);
        if (stopTargetGradients)
            target = target.detach();
        return TdErrors(qTm1, aTm1, target);
    }

    /// <summary>What the estimate is drawn to: r_t + discount_t * q_target_t(argmax_a q_selector_t(a)).</summary>
    /// <returns>[*] float. Arguments as in <see cref="DoubleQLearning"/>.</returns>
    public static Tensor DoubleQTarget(Tensor rT, Tensor discountT, Tensor qTargetT, Tensor qSelectorT, Tensor? maskT = null)
    {
        var shapes = new Shapes();
        shapes.Require(qTargetT, "* A");
        shapes.Require(qSelectorT, "* A");
        shapes.Require(rT, "*");
        shapes.Require(discountT, "*");
        if (maskT is not null)
        {
            shapes.Require(maskT, "* A", ScalarType.Bool);
            qSelectorT = MaskOut(qSelectorT, maskT);
        }

        var value = ReferenceEquals(qSelectorT, qTargetT)
            ? qTargetT.amax([-1])
            : qTargetT.gather(-1, qSelectorT.argmax(-1, keepdim: true)).squeeze(-1);
        return rT.addcmul(discountT, value, 1);
    }

    /// <summary>target - q_tm1(a_tm1).</summary>
    /// <param name="qTm1">[*, A] float: action values.</param>
    /// <param name="aTm1">[*] int64: action taken, in [0, A).</param>
    /// <param name="target">[*] float.</param>
    /// <returns>[*] float.</returns>
    public static Tensor TdErrors(Tensor qTm1, Tensor aTm1, Tensor target)
    {
        var shapes = new Shapes();
        shapes.Require(qTm1, "* A");
        shapes.Require(aTm1, "*", ScalarType.Int64);
        shapes.Require(target, "*");
        return target.sub(qTm1.gather(-1, aTm1.unsqueeze(-1)).squeeze(-1));
    }

    /// <summary>
    /// Huber's loss of each error: e^2 / 2 where |e| is at most delta, delta * (|e| - delta / 2) beyond.
    /// Huber 1964; with delta 1 its gradient is the clipped error of Mnih et al. 2015.
    /// </summary>
    /// <param name="errors">[*] float.</param>
    /// <param name="delta">Where the square becomes a line; positive.</param>
    /// <returns>[*] float, not negative.</returns>
    public static Tensor Huber(Tensor errors, double delta = 1.0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(delta);
        // One operator; as arithmetic on |e| it would be five, each with its own node in the backward pass.
        return nn.functional.huber_loss(errors, zeros_like(errors), delta, nn.Reduction.None);
    }

    /// <summary>
    /// The gradient of the mean of <see cref="Huber"/> with respect to q_tm1, by hand: minus the error clipped to
    /// [-delta, delta], over the number of errors, at the action taken; 0 elsewhere. It spares the backward pass the nodes
    /// between the loss and the network, a twelfth of a small step; the test compares it with autograd's.
    /// </summary>
    /// <param name="errors">[*] float: target - q_tm1(a_tm1), from <see cref="TdErrors"/>.</param>
    /// <param name="aTm1">[*] int64: action taken, in [0, actions).</param>
    /// <param name="actions">A.</param>
    /// <param name="delta">Where the square becomes a line; positive.</param>
    /// <param name="weights">[*] float: importance weights of prioritized draws, constants; null for ones.</param>
    /// <returns>[*, A] float.</returns>
    public static Tensor MeanHuberGradient(Tensor errors, Tensor aTm1, long actions, double delta = 1.0, Tensor? weights = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(delta);
        var shapes = new Shapes();
        shapes.Require(errors, "*");
        shapes.Require(aTm1, "*", ScalarType.Int64);
        var slopes = Weighted(errors.clamp(-delta, delta).mul(-1.0 / errors.numel()), weights);
        return zeros([.. errors.shape, actions], dtype: errors.dtype, device: errors.device).scatter_(-1, aTm1.unsqueeze(-1), slopes.unsqueeze(-1));
    }

    /// <summary>
    /// The mean size of the errors over the mean deviation of the targets from their mean. A value network that knows nothing
    /// has small errors, since its targets hardly differ; over their spread it has large ones, and scales of reward cancel.
    /// </summary>
    /// <param name="errors">[*] float: target minus estimate.</param>
    /// <param name="targets">[*] float.</param>
    /// <returns>A scalar, not negative: 0 where every target is met, about 1 where the estimates are the targets' mean.</returns>
    public static Tensor RelativeError(Tensor errors, Tensor targets)
    {
        var shapes = new Shapes();
        shapes.Require(errors, "*");
        shapes.Require(targets, "*");
        return errors.abs().mean().div(targets.sub(targets.mean()).abs().mean().clamp_min(1e-8));
    }

    /// <summary>
    /// Losses or slopes times importance weights. Schaul, Quan, Antonoglou, Silver 2016, "Prioritized experience replay",
    /// section 3.4: the weight of a transition scales its error, and the mean goes over all rows as without weights.
    /// </summary>
    /// <param name="values">[*] float, or [*, N], of which each row has one weight.</param>
    /// <param name="weights">[*] float; null for ones.</param>
    /// <returns>As the values; the values themselves where there are no weights.</returns>
    public static Tensor Weighted(Tensor values, Tensor? weights)
    {
        if (weights is null)
            return values;
        var shapes = new Shapes();
        shapes.Require(weights, "*");
        shapes.Require(values, values.dim() == weights.dim() ? "*" : "* N");
        return values.mul(values.dim() == weights.dim() ? weights : weights.unsqueeze(-1));
    }

    /// <summary>Action values with those of forbidden actions at negative infinity, so that no argmax or softmax takes them.</summary>
    /// <param name="values">[*, A] float.</param>
    /// <param name="mask">[*, A] bool, true where allowed.</param>
    /// <returns>[*, A] float.</returns>
    public static Tensor MaskOut(Tensor values, Tensor mask)
    {
        var shapes = new Shapes();
        shapes.Require(values, "* A");
        shapes.Require(mask, "* A", ScalarType.Bool);
        return values.masked_fill(mask.logical_not(), double.NegativeInfinity);
    }
}
