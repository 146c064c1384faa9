using static TorchSharp.torch;

namespace OfflineRL.Torch;

/// <summary>
/// Adam (Kingma and Ba 2014, arXiv:1412.6980) or AdamW on one flat buffer, with optional clipping of the joint gradient
/// norm: on the CPU one pass over memory, elsewhere a handful of operators; nothing waits for the device. The figures are
/// those of torch.optim on the same parameters.
/// </summary>
public sealed class FlatAdam : IDisposable
{
    readonly FlatParameters _parameters;
    readonly double _beta1;
    readonly double _beta2;
    readonly double _eps;
    readonly double _weightDecay;
    readonly bool _decoupled;
    readonly double _maxGradientNorm;

    /// <param name="parameters">What to update; not disposed of with the optimizer.</param>
    /// <param name="learningRate">Not negative.</param>
    /// <param name="beta1">In [0, 1).</param>
    /// <param name="beta2">In [0, 1).</param>
    /// <param name="eps">Added to the root of the second moment.</param>
    /// <param name="weightDecay">Not negative.</param>
    /// <param name="decoupled">AdamW's decay, on the weights, instead of Adam's, in the gradient.</param>
    /// <param name="maxGradientNorm">Gradients with a larger joint 2-norm are scaled to it; 0 for no clipping.</param>
    public FlatAdam(FlatParameters parameters, double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weightDecay = 0, bool decoupled = false, double maxGradientNorm = 0)
    {
        if (!(learningRate >= 0 && eps >= 0 && weightDecay >= 0 && maxGradientNorm >= 0 && beta1 is >= 0 and < 1 && beta2 is >= 0 and < 1))
        {
            throw new ArgumentException(
                $"FlatAdam: learning rate {learningRate}, eps {eps}, weight decay {weightDecay} and gradient norm {maxGradientNorm} must not be negative, beta1 {beta1} and beta2 {beta2} must lie in [0, 1).");
        }
        _parameters = parameters;
        LearningRate = learningRate;
        (_beta1, _beta2, _eps) = (beta1, beta2, eps);
        (_weightDecay, _decoupled, _maxGradientNorm) = (weightDecay, decoupled, maxGradientNorm);
        FirstMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
    }

    public double LearningRate { get; set; }

    /// <summary>Updates so far; settable, with the moments, for resuming.</summary>
    public long StepCount { get; set; }

    /// <summary>The running mean of the gradient [N]; to restore it, copy into it.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>The running mean of the squared gradient [N].</summary>
    public Tensor SecondMoment { get; }

    /// <summary>
    /// One update from the flat gradients, which it leaves as they are, or zeroes in the same pass.
    /// </summary>
    /// <param name="zeroGrad">Leave the gradients at zero, ready for the next backward.</param>
    /// <exception cref="InvalidOperationException">A parameter or its gradient no longer lies in the flat tensors.</exception>
    public void Step(bool zeroGrad = false)
    {
        if (!_parameters.IsIntact())
        {
            throw new InvalidOperationException(
                "FlatAdam: a parameter or its gradient has left the flat tensors. Move the module before FlatParameters is made, and zero gradients with FlatParameters.ZeroGrad.");
        }
        StepCount++;
        using var quiet = no_grad();
        if (!TorchExtras.TryFusedAdam(this, _parameters.Values, _parameters.Gradients, zeroGrad))
        {
            Plain();
            if (zeroGrad) _parameters.ZeroGrad();
        }
    }

    internal (double Rate, double Beta1, double Beta2, double Eps, double Decay, bool Decoupled, double MaxNorm) Settings =>
        (LearningRate, _beta1, _beta2, _eps, _weightDecay, _decoupled, _maxGradientNorm);

    /// <summary>The same update with plain operators.</summary>
    internal void Plain()
    {
        using var scope = NewDisposeScope();
        var values = _parameters.Values;
        var gradient = _parameters.Gradients;
        if (_maxGradientNorm > 0) gradient = gradient * (_maxGradientNorm / (gradient.norm() + 1e-6)).clamp_max(1.0);
        if (_weightDecay != 0 && _decoupled) values.mul_(1 - LearningRate * _weightDecay);
        else if (_weightDecay != 0) gradient = gradient.add(values, alpha: _weightDecay);
        FirstMoment.mul_(_beta1).add_(gradient, alpha: 1 - _beta1);
        SecondMoment.mul_(_beta2).addcmul_(gradient, gradient, value: 1 - _beta2);
        var denominator = (SecondMoment.sqrt() / Math.Sqrt(1 - Math.Pow(_beta2, StepCount))).add_(_eps);
        values.addcdiv_(FirstMoment, denominator, value: -LearningRate / (1 - Math.Pow(_beta1, StepCount)));
    }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
