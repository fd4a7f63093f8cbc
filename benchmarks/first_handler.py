"""The function as it usually begins: boto3's resource at import, one branch for each route.

A benchmark's peer, and no part of the project.
"""

import json
import os
import uuid
from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError

dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(os.environ["TASKS_TABLE_NAME"])


def lambda_handler(event, context):
    """Answer an HTTP API event."""
    method = event["requestContext"]["http"]["method"]
    path = event["rawPath"]
    print(f"{method} {path}")
    task_id = path.removeprefix("/tasks/") if path.startswith("/tasks/") else None
    try:
        if path == "/tasks" and method == "GET":
            return answer(200, table.scan()["Items"])
        if path == "/tasks" and method == "POST":
            return create(json.loads(event["body"]))
        if task_id and method == "GET":
            found = table.get_item(Key={"task_id": task_id}).get("Item")
            return answer(200, found) if found else answer(404, {"message": "Task not found"})
        if task_id and method == "PUT":
            return update(task_id, json.loads(event["body"]))
        if task_id and method == "DELETE":
            table.delete_item(Key={"task_id": task_id})
            return answer(200, {"message": "Task deleted"})
        return answer(404, {"message": "Not found"})
    except ClientError as error:
        return answer(500, {"message": str(error)})


def create(body):
    """Add a task."""
    now = datetime.now(timezone.utc).isoformat()  # noqa: UP017
    task = {
        "task_id": str(uuid.uuid4()),
        "title": body["title"],
        "description": body.get("description", ""),
        "status": body.get("status", "pending"),
        "created_at": now,
        "updated_at": now,
    }
    table.put_item(Item=task)
    return answer(201, task)


def update(task_id, body):
    """Change the fields of a task."""
    names = [name for name in ("title", "description", "status") if name in body]
    changed = table.update_item(
        Key={"task_id": task_id},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in names),
        ExpressionAttributeNames={f"#{name}": name for name in names},
        ExpressionAttributeValues={f":{name}": body[name] for name in names},
        ReturnValues="ALL_NEW",
    )
    return answer(200, changed["Attributes"])


def answer(status, body):
    """Return a response with a JSON body."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=str),
    }
