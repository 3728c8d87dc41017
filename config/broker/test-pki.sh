#!/usr/bin/env bash
# A small public key infrastructure for trying things out: an authority, certificates for the
# broker, for gates and for clients, and a list of those that were revoked. Needs openssl.
#
#   test-pki.sh DIR ca                            the authority: DIR/ca.pem, DIR/crl.pem
#   test-pki.sh DIR server NAME ...               the broker, with the names and addresses it has
#   test-pki.sh DIR gate ESTATE GATE              a gate: DIR/ESTATE.GATE.pem and .key
#   test-pki.sh DIR client NAME                   a client: DIR/NAME.pem and .key
#   test-pki.sh DIR revoke COMMON-NAME            revoke the last certificate of that name
#
# NOT_BEFORE and NOT_AFTER in the environment, as YYYYMMDDHHMMSSZ, bound what is made; without them
# the authority is good for ten years from now, a certificate for two. The key of the authority lies
# unencrypted in DIR: for anything but a trial keep it elsewhere, or use an authority of your own.
# What such a one has to do is little: the common name, and the purpose (extendedKeyUsage) serverAuth
# for the broker and clientAuth for all others, so that no gate can pose as the broker.
set -euo pipefail
umask 077

die() {
    printf 'test-pki: %s\n' "$@" >&2
    exit 2
}

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2
}

(($# >= 2)) || usage
readonly DIR=$1 WHAT=$2
shift 2
command -v openssl >/dev/null || die "openssl is missing: apt install openssl"

# An identifier as it may stand in a topic.
checked() {
    [[ $1 =~ ^[a-z0-9-]{1,32}$ ]] || die "'$1' cannot stand in a topic: write 1 to 32 of a-z, 0-9, -"
}

authority() {
    openssl ca -batch -notext -config "$DIR/ca.conf" "$@" 2>"$DIR/openssl.log" ||
        { cat "$DIR/openssl.log" >&2 && die "openssl ca failed"; }
}

# What was made is good between these; `openssl ca` wants both or none. It begins an hour ago, for
# those whose clock is a little behind.
span() {
    local years=$1
    printf '%s\n' -startdate "${NOT_BEFORE:-$(date -u -d "-1 hour" +%Y%m%d%H%M%SZ)}" \
        -enddate "${NOT_AFTER:-$(date -u -d "+$years years" +%Y%m%d%H%M%SZ)}"
}

key_and_request() {
    local name=$1 file=$2
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -subj "/CN=$name" -keyout "$DIR/$file.key" -out "$DIR/$file.csr" 2>"$DIR/openssl.log" ||
        { cat "$DIR/openssl.log" >&2 && die "openssl req failed"; }
}

issue() {
    local name=$1 file=$2 extensions=$3
    local -a dates
    [[ -e $DIR/ca.key ]] || die "there is no authority in $DIR: $0 $DIR ca"
    mapfile -t dates < <(span 2)
    key_and_request "$name" "$file"
    authority -extfile <(printf '%s\n' "$extensions") "${dates[@]}" \
        -in "$DIR/$file.csr" -out "$DIR/$file.pem"
    rm "$DIR/$file.csr"
    echo "$DIR/$file.pem $DIR/$file.key"
}

# A list that is older than it says itself shuts out everybody, so it says ten years.
revoked_list() {
    authority -gencrl -crldays 3650 -out "$DIR/crl.pem"
}

make_authority() {
    local -a dates
    [[ ! -e $DIR/ca.key ]] || die "$DIR/ca.key exists already: take another directory"
    mkdir -p "$DIR/issued"
    : >"$DIR/index.txt"
    cat >"$DIR/ca.conf" <<CONF
[ca]
default_ca = here
[here]
database = $DIR/index.txt
new_certs_dir = $DIR/issued
certificate = $DIR/ca.pem
private_key = $DIR/ca.key
rand_serial = yes
default_md = sha256
policy = named
unique_subject = no
[named]
commonName = supplied
CONF
    mapfile -t dates < <(span 10)
    key_and_request "gate test authority" ca
    authority -selfsign -extfile <(printf '%s\n' "basicConstraints = critical, CA:TRUE" \
        "keyUsage = critical, keyCertSign, cRLSign" "subjectKeyIdentifier = hash") \
        "${dates[@]}" -in "$DIR/ca.csr" -out "$DIR/ca.pem"
    rm "$DIR/ca.csr"
    revoked_list
    echo "$DIR/ca.pem $DIR/crl.pem"
}

server() {
    local name names=""
    (($#)) || die "which names and addresses does the broker have?"
    for name; do
        if [[ $name =~ ^[0-9.]+$ || $name == *:* ]]; then
            names+=",IP:$name"
        else
            names+=",DNS:$name"
        fi
    done
    issue "$1" server "$(printf '%s\n' "basicConstraints = CA:FALSE" \
        "keyUsage = critical, digitalSignature" "extendedKeyUsage = serverAuth" \
        "subjectAltName = ${names#,}" "authorityKeyIdentifier = keyid")"
}

member() {
    issue "$1" "$1" "$(printf '%s\n' "basicConstraints = CA:FALSE" \
        "keyUsage = critical, digitalSignature" "extendedKeyUsage = clientAuth" \
        "authorityKeyIdentifier = keyid")"
}

revoke() {
    [[ -e $DIR/$1.pem ]] || die "there is no $DIR/$1.pem"
    authority -revoke "$DIR/$1.pem"
    revoked_list
    echo "$DIR/crl.pem"
}

case $WHAT-$# in
ca-0) make_authority ;;
server-*) server "$@" ;;
gate-2) checked "$1" && checked "$2" && member "$1.$2" ;;
client-1) checked "$1" && member "$1" ;;
revoke-1) revoke "$1" ;;
*) usage ;;
esac
