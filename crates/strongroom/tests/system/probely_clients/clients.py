"""Drives the product's own clients against a server: the SDK and the client inside the MCP server.

Arguments: the base address and an API key. Fails with a traceback on the first answer that is not as the clients need it.
"""

import os
import sys

base, key = sys.argv[1:3]
os.environ["PROBELY_API_BASE_URL"] = base
os.environ["PROBELY_API_KEY"] = key
os.environ["PROBELY_DISABLE_ANALYTICS"] = "true"

from probely.exceptions import ProbelyBadRequest, ProbelyObjectsNotFound  # noqa: E402
from probely.sdk.managers.target_extra_hosts import TargetExtraHostManager  # noqa: E402
from probely.sdk.managers.target_labels import TargetLabelManager  # noqa: E402
from probely.sdk.managers.target_sequences import TargetSequenceManager  # noqa: E402
from probely.sdk.managers.targets import TargetManager  # noqa: E402
from snyk_apiweb.probely_client import ProbelyClient  # noqa: E402


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def refused(body, status):
    same(body["error"]["status"], status)
    return body


client = ProbelyClient(base, key)

# The credentials manager.
made = client.create_credential("Shop login", "hunter2-secret", description="for the shop")
same((made["value"], made["is_sensitive"], made["usage_count"]), (None, True, 0))
credential = made["id"]
same(made["uri"], f"credentials://{credential}")
same(client.list_credentials(search="shop", is_sensitive=True, length=50)["count"], 1)
same(client.list_credentials(is_sensitive=False)["count"], 0)
same(client.get_credential(credential)["name"], "Shop login")
same(client.update_credential(credential, name="Renamed")["name"], "Renamed")
same(client.update_credential(credential, is_sensitive=False)["value"], "hunter2-secret")
same(client.update_credential(credential, is_sensitive=True)["value"], None)
refused(client.update_credential(credential, name=""), 400)
refused(client.get_credential("4DY4qGohso1r"), 404)
refused(client.create_credential("", "x"), 400)

# Targets, and where they mention the credential.
web = client.create_web_target("Shop", "https://shop.example.com", label_names=["Production"])
target = web["id"]
refused(client.create_web_target("Shop", "https://shop.example.com"), 400)
client.create_web_target("Shop 2", "https://shop.example.com", allow_duplicate=True)
api = client.create_api_target(
    "API", "https://api.example.com", "openapi", api_schema_url="https://api.example.com/openapi.json"
)
same(api["site"]["api_scan_settings"]["api_schema_type"], "openapi")
same(client.list_targets(search="shop")["count"], 2)
login = client.configure_form_login(
    target, "https://shop.example.com/login", "user", "pass", "alice", f"credentials://{credential}"
)
same(login["site"]["form_login"][1]["value"], f"credentials://{credential}")
same(client.configure_sequence_login(target)["site"]["has_form_login"], False)
otp = client.configure_2fa(target, f"credentials://{credential}")
same((otp["site"]["has_otp"], otp["site"]["otp_digits"]), (True, 6))
bearer = [{"name": "Authorization", "value": f"Bearer credentials://{credential}"}]
client.update_target(target, site={"headers": bearer})
steps = '[{"type": "fill_value", "css": "#user", "value": "[CUSTOM_USER]"}]'
fields = [{"name": "[CUSTOM_USER]", "value": f"credentials://{credential}", "value_is_sensitive": False, "enabled": True}]
sequence = client.create_sequence(target, "Login", "login", steps, custom_field_mappings=fields)
same(client.list_sequences(target)["count"], 1)
same(client.get_sequence(target, sequence["id"])["custom_field_mappings"], fields)
host = client.create_extra_host(target, "cdn.example.com")
same(client.list_extra_hosts(target)["count"], 1)
client.update_extra_host(target, host["id"], headers=bearer)
domain = client.create_domain("example.com")
same(client.list_domains()["results"][0]["hostname"], "example.com")
used = client.get_credential(credential)
keys = {reference["ui_reference_key"] for reference in used["references"]}
expected = {
    "form_login.pass",
    "otp_secret",
    "headers.Authorization",
    f"sequences.{sequence['id']}.[CUSTOM_USER]",
    f"assets.{host['id']}.headers.Authorization",
}
same(keys, expected)
same(used["usage_count"], 5)
refused(client.delete_credential(credential), 400)
refused(client.update_target(target, site={"otp_secret": "credentials://4DY4qGohso1r"}), 400)
same(client.disable_2fa(target)["site"]["has_otp"], False)
same(client.get_credential(credential)["usage_count"], 4)
client.delete_sequence(target, sequence["id"])
client.delete_extra_host(target, host["id"])
client.delete_domain(domain["id"])
label = client.list_labels()["results"][0]
same(label["name"], "Production")
for read in (client.list_users, client.list_teams, client.list_api_users):
    assert read()["count"] >= 0
assert client.get_account()["id"]

# The SDK checks every member of what it reads.
targets = TargetManager()
second = targets.create(
    "https://sdk.example.com",
    target_name="By the SDK",
    extra_payload={"labels": [{"name": "Production"}], "site": {"headers": [{"name": "X", "value": "hunter2"}]}},
)
same(second.site.headers[0].value, "$encrypted$")
same(len(list(targets.list(filters={"search": "sdk.example"}))), 1)
assert len(list(targets.list())) == 4
same(targets.retrieve(second.id).site.name, "By the SDK")
same(targets.update(second.id, {"site": {"name": "Changed"}}).site.name, "Changed")
both = list(targets.bulk_update([second.id, target], {"site": {"desc": "both"}}))
same({one.site.desc for one in both}, {"both"})
sequence = targets.add_sequence(second.id, name="Steps", sequence_steps=[{"type": "goto", "url": "https://sdk.example.com"}])
same(sequence.name, "Steps")
host = targets.add_extra_host(second.id, host="more.example.com")
same(host.host, "more.example.com")
same(len(list(TargetSequenceManager().list())), 1)
same([one.target.id for one in TargetExtraHostManager().list(filters={})], [second.id])
same([one.name for one in TargetLabelManager().list()], ["Production"])
try:
    targets.create("not an address")
    raise AssertionError("it was taken")
except ProbelyBadRequest:
    pass
try:
    targets.bulk_delete([second.id, "4DY4qGohso1r"])
    raise AssertionError("it was taken")
except ProbelyObjectsNotFound:
    pass
same(targets.bulk_delete([second.id]), [second.id])

# Nothing uses it any more.
client.delete_target(target)
same(client.get_credential(credential)["usage_count"], 0)
same(client.delete_credential(credential), {})
print("done")
