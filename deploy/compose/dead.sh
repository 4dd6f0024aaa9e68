#!/bin/sh
# Dead letters of the stack in containers, with the operator's own broker user:
#   sh deploy/compose/dead.sh list --queue courier.events
#   sh deploy/compose/dead.sh replay --queue courier.events --id ID --reason "fixed" --by budi
set -eu
cd "$(dirname "$0")/../.."
# shellcheck disable=SC2016 # the inner shell reads the password, so that no process list shows it
exec docker compose run --rm --no-deps -T provision sh -c '
    password=$(cat "$JEMPUT_SECRETS/operator_amqp_password")
    export JEMPUT_OPERATOR_AMQP_URL="amqps://operator:$password@rabbitmq:5671/?cafile=$JEMPUT_SECRETS/ca.pem"
    exec python -m shared.messaging dead "$@"' dead "$@"
