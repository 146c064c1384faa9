namespace OfflineRL.Train.WorldModels;

/// <summary>
/// How wrong a model is k steps ahead on held-out episodes: from a state of the log it is led by the actions that the log took, by means alone, and compared with what came.
/// </summary>
/// <param name="Step">Gradient steps that the model had learned for.</param>
/// <param name="Horizon">k.</param>
/// <param name="Target"><c>observation</c>, <c>reward</c> (of step k) or <c>continuation</c> (whether step k terminated).</param>
/// <param name="Dimension">Of the observation; null: of all, over the features as the model reads them.</param>
/// <param name="Count">Predictions; episodes that end before step k have none.</param>
/// <param name="Error">Root mean square error, in units of the data.</param>
/// <param name="Persistence">That of persistence: the observation that the prediction started from, the reward of the step before it (at the first step of an episode the mean reward), "it goes on".</param>
/// <param name="Spread">Standard deviation of what was to be predicted: the error of its mean.</param>
/// <param name="ErrorOverPersistence">Below 1 the model is better than persistence; null where that makes no error.</param>
/// <param name="ErrorOverSpread">Below 1 it is better than the mean; null where nothing varies.</param>
public sealed record ModelErrorRow(int Step, int Horizon, string Target, int? Dimension, long Count, double Error, double Persistence, double Spread, double? ErrorOverPersistence, double? ErrorOverSpread);

/// <summary>Whether a model's spread k steps ahead is that of its errors, by dreams drawn from the same states with the same actions.</summary>
/// <param name="Step">Gradient steps that the model had learned for.</param>
/// <param name="Horizon">k.</param>
/// <param name="Target"><c>observation</c> or <c>reward</c>.</param>
/// <param name="Dimension">Of the observation; null: of all that vary.</param>
/// <param name="Count">Predictions.</param>
/// <param name="Within50">Share of the values within the middle half of a normal distribution with the mean and deviation of the dreams; 0.5 where the spread is right.</param>
/// <param name="Within80">As <paramref name="Within50"/>, of 80 %.</param>
/// <param name="Within95">As <paramref name="Within50"/>, of 95 %.</param>
/// <param name="ZMean">Mean of (value - mean) / deviation; 0 where the mean is right.</param>
/// <param name="ZVariance">Mean square of it; 1 where the spread is right, more where the model is too sure.</param>
public sealed record CalibrationRow(int Step, int Horizon, string Target, int? Dimension, long Count, double Within50, double Within80, double Within95, double ZMean, double ZVariance);

/// <summary>What <see cref="HeldOutDreams"/> found.</summary>
/// <param name="Errors">At the horizons that were asked for.</param>
/// <param name="Calibration">At the same.</param>
/// <param name="RelativeErrors">By k from 1, of the observation as a whole: error over spread.</param>
/// <param name="ReturnErrors">By k from 1: root mean square error of the sum of the k rewards, each dreamed one times the probability that the dream still went on; infinite where no start says it.</param>
/// <param name="Disagreements">Of single steps; empty without members.</param>
public sealed record ModelReport(IReadOnlyList<ModelErrorRow> Errors, IReadOnlyList<CalibrationRow> Calibration, double[] RelativeErrors, double[] ReturnErrors, double[] Disagreements);
