using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Returns and advantages of whole episodes that lie one behind the other: row t has s_t and a_t, the reward that followed,
/// and discount_t, 0 where the step terminated or the state after an episode's last row is unknown. Constants for the gradient.
/// </summary>
/// <remarks>None of them corrects for actions that another policy chose: those that do are in <see cref="OffPolicyTargets"/>.</remarks>
public static class Returns
{
    /// <summary>
    /// G_t = r_t + discount_t G_(t+1), at an episode's last row r_t + discount_t v_(t+1). Sutton and Barto 2018,
    /// "Reinforcement learning", equation 3.9.
    /// </summary>
    /// <param name="rewards">[N] float: after a_t.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="nextValues">[N] float: of the state after each row; read at last rows alone. Null: 0, so that truncated episodes end there.</param>
    /// <returns>[N].</returns>
    public static Tensor ToGo(Tensor rewards, Tensor discounts, Tensor continues, Tensor? nextValues = null)
    {
        Require(rewards, discounts, continues, nextValues);
        var within = discounts.mul(continues);
        return Recurrences.Backward(nextValues is null ? rewards : rewards.addcmul(discounts.sub(within), nextValues, 1), within);
    }

    /// <summary>The one-step error r_t + discount_t v_(t+1) - v_t.</summary>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="values">[N] float: of s_t.</param>
    /// <param name="nextValues">[N] float: of s_(t+1).</param>
    /// <returns>[N].</returns>
    public static Tensor Errors(Tensor rewards, Tensor discounts, Tensor values, Tensor nextValues)
    {
        var shapes = new Shapes();
        shapes.Require(rewards, "N");
        shapes.Require(discounts, "N");
        shapes.Require(values, "N");
        shapes.Require(nextValues, "N");
        return rewards.addcmul(discounts, nextValues, 1).sub(values);
    }

    /// <summary>
    /// Generalized advantages: A_t = error_t + discount_t lambda A_(t+1). Schulman et al. 2016, "High-dimensional continuous
    /// control using generalized advantage estimation", equation 16. Plus the values they are the lambda returns.
    /// </summary>
    /// <param name="rewards">[N] float.</param>
    /// <param name="discounts">[N] float in [0, 1].</param>
    /// <param name="continues">[N] float: 1, 0 at each episode's last row.</param>
    /// <param name="values">[N] float: of s_t.</param>
    /// <param name="nextValues">[N] float: of s_(t+1).</param>
    /// <param name="lambda">In [0, 1]: 0 for the one-step error, 1 for the return to go minus the value.</param>
    /// <returns>[N].</returns>
    public static Tensor Advantages(Tensor rewards, Tensor discounts, Tensor continues, Tensor values, Tensor nextValues, double lambda)
    {
        Require(rewards, discounts, continues, nextValues);
        CheckLambda(lambda);
        return Recurrences.Backward(Errors(rewards, discounts, values, nextValues), discounts.mul(continues).mul_(lambda));
    }

    internal static void Require(Tensor rewards, Tensor discounts, Tensor continues, Tensor? nextValues)
    {
        var shapes = new Shapes();
        shapes.Require(rewards, "N");
        shapes.Require(discounts, "N");
        shapes.Require(continues, "N");
        if (nextValues is not null)
            shapes.Require(nextValues, "N");
    }

    internal static void CheckLambda(double lambda)
    {
        if (!(lambda is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(lambda), lambda, "Expected a number in [0, 1].");
    }
}
