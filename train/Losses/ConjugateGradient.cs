using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>The solution of a symmetric, positive definite system that is known by its products alone.</summary>
public static class ConjugateGradient
{
    /// <summary>
    /// x of A x = b. Hestenes and Stiefel 1952, "Methods of conjugate gradients for solving linear systems", section 3. It never waits for the device: where the residual has
    /// become nothing, the iterations that are left change nothing.
    /// </summary>
    /// <param name="product">A v for a v of [P].</param>
    /// <param name="b">[P] float.</param>
    /// <param name="iterations">At least 1; P of them suffice in exact arithmetic.</param>
    /// <returns>[P].</returns>
    public static Tensor Solve(Func<Tensor, Tensor> product, Tensor b, int iterations)
    {
        using var scope = NewDisposeScope();
        var (x, residual, direction) = (zeros_like(b), b.clone(), b.clone());
        var length = residual.dot(residual);
        var least = length.mul(1e-12);
        for (var i = 0; i < iterations; i++)
        {
            using var inner = NewDisposeScope();
            var along = product(direction);
            var step = where(length.gt(least), length.div(direction.dot(along)), zeros_like(length));
            x.add_(direction.mul(step));
            residual.sub_(along.mul(step));
            var next = residual.dot(residual);
            direction.mul_(where(length.gt(least), next.div(length), zeros_like(length))).add_(residual);
            length.copy_(next);
        }

        return x.MoveToOuterDisposeScope();
    }
}
