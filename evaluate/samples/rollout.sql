-- A rollout report in DuckDB. usage: cd reports/cartpole-rollout-v1 && duckdb < rollout.sql
-- Seeds are the replications: first each seed's own mean, then over seeds.
WITH seeds AS (
    SELECT algorithm, policy, task, seed, avg("return") AS score, avg(length) AS length, avg(success::INTEGER) AS success, avg(discounted_return) AS discounted
    FROM 'rollouts.parquet'
    WHERE is_last
    GROUP BY ALL
)
SELECT algorithm, policy, task, count(*) AS seeds, avg(score) AS mean, min(score) AS worst, max(score) AS best, avg(length) AS length, avg(success) AS success, avg(discounted) AS discounted
FROM seeds
GROUP BY ALL
ORDER BY task, mean DESC;

-- How much is lost on each held-out task, against the nominal one.
SELECT held.policy, held.task, held.mean - nominal.mean AS change, held.success_rate
FROM 'scores.parquet' AS held
JOIN 'scores.parquet' AS nominal USING (algorithm, policy, selection)
WHERE held.label = 'held_out' AND nominal.task = 'nominal'
ORDER BY change;

-- The worst episodes, by the seed that starts them again.
SELECT policy, seed, task, episode, rollout_seed, "return", length
FROM 'rollouts.csv'
ORDER BY "return"
LIMIT 10;
