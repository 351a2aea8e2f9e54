"""How professional sellers write: learned by a large model, approved by people, looked for by a small one."""
