"""The platform's Python library against a running server: login, refresh, every resource, every way to list.

Called as `cloud_foundry.py URL CLIENT_ID`; the passwords come in the environment. Says what went wrong by failing.
"""

import os
import sys

from cloudfoundry_client.client import CloudFoundryClient
from cloudfoundry_client.common_objects import JsonObject
from cloudfoundry_client.errors import InvalidStatusCode
from cloudfoundry_client.v3.entities import EntityManager, ToOneRelationship
from oauth2_client.credentials_manager import OAuthError

URL, CLIENT_ID = sys.argv[1:]
PASSWORD = os.environ["ADMIN_PASSWORD"]
SECRET = "hunter2-secret"


def member(document, name):
    """A member of a document, written as an attribute; links are attributes already."""
    try:
        return document[name]
    except KeyError:
        raise AttributeError(name) from None


JsonObject.__getattr__ = member


def log_in(username, password):
    client = CloudFoundryClient(URL)
    client.init_with_user_credentials(username, password)
    return client


def credentials_of(client):
    return EntityManager(URL, client, "/v3/registry_credentials")


def refused(status, action, *arguments, **members):
    """The first error of an action that must be refused with this status."""
    try:
        action(*arguments, **members)
    except InvalidStatusCode as error:
        assert error.status_code.value == status, (status, error)
        [entry] = error.body["errors"]
        assert sorted(entry) == ["code", "detail", "title"], entry
        return entry
    raise AssertionError(f"not refused with {status}")


def relationship(name, guid):
    return {name: ToOneRelationship(guid)}


def login():
    try:
        log_in("admin", "wrong")
        raise AssertionError("a wrong password logs in")
    except OAuthError as error:
        assert (error.status_code.value, error.error) == (401, "unauthorized"), error
    client = log_in("admin", PASSWORD)
    assert client.info.api_v3_url == f"{URL}/v3", client.info.api_v3_url
    # An access token that counts no more: the library buys another with its refresh token, and goes on.
    first = client.refresh_token
    for _ in range(3):
        client._access_token = client._access_token[:-8] + "AAAAAAAA"
        assert client.v3.organizations.len() >= 1
        assert client.refresh_token != first
        first = client.refresh_token
    again = CloudFoundryClient(URL)
    again.init_with_token(first)
    assert again.v3.organizations.get_first(names="Default").name == "Default"
    return again


def client_credentials():
    client = CloudFoundryClient(URL, client_id=CLIENT_ID, client_secret=os.environ["CLIENT_SECRET"])
    client.init_with_client_credentials()
    assert client.v3.spaces.len() == 0
    assert refused(403, client.v3.organizations.create, "mine", False)["code"] == 10003
    wrong = CloudFoundryClient(URL, client_id=CLIENT_ID, client_secret="wrong")
    try:
        wrong.init_with_client_credentials()
        raise AssertionError("a wrong secret logs in")
    except OAuthError as error:
        assert (error.status_code.value, error.error) == (401, "invalid_client"), error
    return client


def supporting(client):
    organization = client.v3.organizations.create("acme", None)
    assert organization.suspended is False
    other = client.v3.organizations.create("umbrella", False)
    renamed = client.v3.organizations.update(other.guid, "umbrella-2", None)
    assert renamed.name == "umbrella-2"
    entry = refused(422, client.v3.organizations.create, "ACME", None)
    assert (entry["code"], entry["detail"]) == (10008, "Organization 'ACME' already exists.")
    space = client.v3.spaces.create("dev", organization.guid)
    assert space.organization().guid == organization.guid
    entry = refused(422, client.v3.spaces.create, "dev", organization.guid)
    assert entry["detail"] == "Name must be unique per organization"
    client.v3.spaces.create("test", organization.guid)
    apps = EntityManager(URL, client, "/v3/apps")
    app = apps._create({"name": "web", "relationships": relationship("space", space.guid)})
    assert (app.state, app.lifecycle["type"]) == ("STOPPED", "buildpack")
    assert refused(422, apps._create, {"name": "web", "relationships": relationship("space", space.guid)})["code"] == 10016
    assert refused(404, client.v3.spaces.get, organization.guid)["code"] == 10010
    # Related objects come along and are found through their relationships.
    [listed] = client.v3.apps.list(names="web", include="space.organization")
    assert listed.space().name == "dev"
    assert [one.organization().name for one in client.v3.spaces.list(include="org", names=["dev", "test"])] == ["acme", "acme"]
    return organization, space, app


def roles(client, organization, space):
    manager = client.v3.roles
    kinds = EntityManager(URL, client, "/v3/roles")

    def give(kind, username, on, guid):
        user = {"data": {"username": username}}
        return kinds._create({"type": kind, "relationships": {"user": user, **relationship(on, guid)}})

    entry = refused(422, give, "space_developer", "dora", "space", space.guid)
    assert entry["detail"].startswith("Users cannot be assigned roles in a space"), entry
    in_organization = give("organization_user", "dora", "organization", organization.guid)
    developer = give("space_developer", "dora", "space", space.guid)
    assert developer.user().username == "dora"
    assert developer.relationships.organization.data is None
    entry = refused(422, give, "space_developer", "dora", "space", space.guid)
    assert "User 'dora' already has 'space_developer' role" in entry["detail"], entry
    give("organization_manager", "max", "organization", organization.guid)
    found = list(manager.list(types=["space_developer"], include="user,space"))
    assert [(one.user().username, one.space().name) for one in found] == [("dora", "dev")]
    assert refused(422, manager.list, foo="bar")["code"] == 10008
    assert refused(422, manager.remove, in_organization.guid)["code"] == 10008
    user = client.v3.users.get_first(usernames="dora")
    assert (user.origin, user.presentation_name) == ("uaa", "dora")


def registry_credentials(client, organization, space, app):
    manager = credentials_of(client)

    def body(location, owner=None, labels=None):
        members = {"location": location, "username": "robot", "password": SECRET}
        if owner is not None:
            members["relationships"] = relationship(*owner)
        if labels is not None:
            members["metadata"] = {"labels": labels}
        return members

    owners = {
        "foundation": None,
        "organization": ("organization", organization.guid),
        "space": ("space", space.guid),
        "app": ("app", app.guid),
    }
    made = {}
    for scope, owner in owners.items():
        made[scope] = manager._create(body("registry.example.com/team", owner, {"scope": scope}))
        one = made[scope]
        assert (one.scope, one.location, one.username) == (scope, "registry.example.com/team", "robot")
        assert SECRET not in str(one) and not hasattr(one, "job")
        for name in ["organization", "space", "app"]:
            data = one.relationships[name]["data"]
            assert (data is not None) == (owner is not None and owner[0] == name), one
        if owner is not None:
            assert getattr(one, scope)().guid == owner[1]
        entry = refused(422, manager._create, body("REGISTRY.example.com/team", owner))
        assert (entry["code"], entry["title"]) == (10008, "CF-UnprocessableEntity"), entry
    for number in range(7):
        manager._create(body(f"r{number}.example.com", None, {"number": str(number), "even": str(number % 2 == 0).lower()}))

    def guids(**parameters):
        return [one.guid for one in manager.list(**parameters)]

    # Pages follow each other, whatever their size, and each is as long as it may be.
    everything = guids()
    assert len(everything) == len(manager) == 11
    for per_page in [1, 2, 3, 11, 5000]:
        assert guids(per_page=per_page) == everything, per_page
    assert guids(per_page=4, order_by="-created_at") == everything[::-1]
    assert manager.len(scopes="foundation") == 8
    by_scope = {scope: one.guid for scope, one in made.items()}
    for scope, guid in by_scope.items():
        assert guids(scopes=scope, locations="REGISTRY.example.com/team") == [guid]
    assert guids(scopes=["app", "space"]) == [by_scope["space"], by_scope["app"]]
    assert guids(organization_guids=organization.guid) == [by_scope["organization"]]
    assert guids(space_guids=space.guid) == [by_scope["space"]]
    assert guids(app_guids=[app.guid, space.guid]) == [by_scope["app"]]
    assert guids(guids=list(by_scope.values()), scopes="space") == [by_scope["space"]]
    # The brackets of an operator are part of the parameter's name.
    assert len(guids(**{"created_ats[gt]": "2020-01-01T00:00:00Z"})) == 11
    assert guids(**{"created_ats[lt]": "2020-01-01T00:00:00Z"}) == []
    assert len(guids(created_ats=made["app"].created_at)) >= 1
    for selector, count in [
        ("number", 7),
        ("!number", 4),
        ("even=true", 4),
        ("even==true,number!=0", 3),
        ("even!=true", 7),
        ("number in (1,2,3)", 3),
        ("number notin (1,2,3)", 8),
        ("scope=app", 1),
        ("number=", 0),
    ]:
        assert len(guids(label_selector=selector, per_page=2)) == count, selector
    for parameters in [{"foo": "bar"}, {"page": 0}, {"per_page": 5001}, {"order_by": "guid"}, {"scopes": "galaxy"},
                       {"label_selector": "a in b"}, {"created_ats": "yesterday"}, {"include": "space"}]:
        assert refused(400, manager.list, **parameters)["code"] == 10005, parameters

    # A change reaches whoever reads next; the location stays.
    one = manager._update(made["space"].guid, {"username": "second", "password": "hunter3-secret", "metadata": {"labels": {"new": "x", "scope": None}}})
    assert (one.username, dict(one.metadata.labels)) == ("second", {"new": "x"})
    assert refused(422, manager._update, one.guid, {"location": "x.example.com"})["detail"] == "Unknown field(s): 'location'"
    assert manager._update(one.guid, {}).updated_at == one.updated_at
    return manager, by_scope


def who_may(organization, space, by_scope):
    developer, auditor = (log_in(name, os.environ["USER_PASSWORD"]) for name in ["dora", "max"])
    mine = credentials_of(developer)
    assert {one.scope for one in mine.list()} == {"foundation", "organization", "space", "app"}
    mine._update(by_scope["space"], {"username": "third"})
    assert refused(403, mine._update, by_scope["organization"], {"username": "x"})["code"] == 10003
    assert refused(403, mine._remove, by_scope["foundation"])["title"] == "CF-NotAuthorized"
    managed = credentials_of(auditor)
    assert {one.scope for one in managed.list()} == {"foundation", "organization"}
    assert refused(404, managed.get, by_scope["space"])["detail"] == "Registry credential not found"
    managed._update(by_scope["organization"], {"username": "third"})


def starting(client, app):
    packages = EntityManager(URL, client, "/v3/packages")
    data = {"image": "registry.example.com/other/web:1", "username": "pusher", "password": SECRET}
    package = packages._create({"type": "docker", "relationships": relationship("app", app.guid), "data": data})
    assert (package.state, package.data.password) == ("READY", "***")
    assert client.v3.apps.get(app.guid).start().state == "STARTED"
    [own] = credentials_of(client).list(scopes="app", locations="registry.example.com/other")
    assert own.username == "pusher"
    assert [one.guid for one in client.v3.apps.list_packages(app.guid)] == [package.guid]
    assert client.v3.apps.get(app.guid).stop().state == "STOPPED"
    # Both lists of packages are paged.
    for number in range(4):
        packages._create({"type": "docker", "relationships": relationship("app", app.guid), "data": {"image": f"web:{number}"}})
    everything = [one.guid for one in packages.list()]
    assert len(everything) == packages.len() == 5 and everything[0] == package.guid
    for per_page in [1, 2, 5, 5000]:
        assert [one.guid for one in packages.list(per_page=per_page)] == everything, per_page
        assert [one.guid for one in client.v3.apps.list_packages(app.guid, per_page=per_page)] == everything, per_page
    assert [one.guid for one in packages.list(per_page=2, order_by="-created_at", app_guids=app.guid)] == everything[::-1]
    assert refused(400, packages.list, names="web")["code"] == 10005


def users(client):
    max_ = client.v3.users.get_first(usernames="max")
    session = log_in("max", os.environ["USER_PASSWORD"])
    assert refused(403, session.v3.users.remove, max_.guid)["code"] == 10003
    assert client.v3.jobs.get(client.v3.users.remove(max_.guid)).operation == "user.delete"
    assert refused(404, client.v3.users.get, max_.guid)["code"] == 10010
    # His login went with him, and his refresh token does not bring it back.
    try:
        session.v3.organizations.len()
        raise AssertionError("a deleted user goes on")
    except OAuthError as error:
        assert (error.status_code.value, error.error) == (401, "invalid_token"), error


def removing(client, manager, organization, space, app, by_scope):
    assert manager._remove(by_scope["foundation"]) is None
    assert refused(404, manager.get, by_scope["foundation"])["code"] == 10010
    job = client.v3.apps.remove(app.guid)
    assert client.v3.jobs.get(job).state == "COMPLETE"
    client.v3.apps.client.v3.jobs.wait_for_job_completion(job)
    assert refused(404, manager.get, by_scope["app"])["code"] == 10010
    client.v3.spaces.remove(space.guid)
    client.v3.organizations.remove(organization.guid)
    for scope in ["space", "organization"]:
        refused(404, manager.get, by_scope[scope])


def main():
    client = login()
    client_credentials()
    organization, space, app = supporting(client)
    roles(client, organization, space)
    manager, by_scope = registry_credentials(client, organization, space, app)
    who_may(organization, space, by_scope)
    starting(client, app)
    users(client)
    removing(client, manager, organization, space, app, by_scope)
    anonymous = credentials_of(CloudFoundryClient(URL))
    anonymous.client._access_token = "x"
    assert refused(401, anonymous.list)["title"] == "CF-InvalidAuthToken"
    # Whoever logs out is out at once, with all that the login gave.
    client.delete(f"{URL}/uaa/oauth/token/revoke/{jti(client)}")
    try:
        client.v3.organizations.len()
        raise AssertionError("a revoked login goes on")
    except (OAuthError, InvalidStatusCode) as error:
        assert error.status_code.value == 401, error


def jti(client):
    import base64
    import json

    claims = client._access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]


main()
