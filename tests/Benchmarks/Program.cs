using OfflineRL.Benchmarks.Harness;

// Each benchmark is one file beside this one, listed here.
IBenchmark[] benchmarks =
[
];

return Runner.Run(benchmarks, args);
