-- Who made a version active and why: rolled back to, it has been so more than once.
ALTER TABLE catalog_activations ADD COLUMN author {text} NOT NULL DEFAULT '';
ALTER TABLE catalog_activations ADD COLUMN note {text} NOT NULL DEFAULT '';
