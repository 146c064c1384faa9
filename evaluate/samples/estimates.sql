-- The report of an off-policy evaluation in DuckDB. usage: cd reports/cartpole-ope-v1 && duckdb < estimates.sql
-- What may be believed, the widest intervals last.
SELECT policy, seed, estimator, estimate, low, high, effective_sample_size, verdict
FROM 'estimates.parquet'
WHERE verdict LIKE 'usable%'
ORDER BY high - low;

-- Where estimators of one policy disagree.
SELECT policy, seed, min(estimate) AS lowest, max(estimate) AS highest, max(estimate) - min(estimate) AS apart, any_value(behavior_return) AS behavior
FROM 'estimates.csv'
WHERE estimate IS NOT NULL
GROUP BY ALL
ORDER BY apart DESC;
