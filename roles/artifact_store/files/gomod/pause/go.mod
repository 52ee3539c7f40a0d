module autotrade.deployment/supply/pause

go 1.26.0
