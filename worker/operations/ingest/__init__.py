"""The main job: from a bulk patch to saved tickets and requested refreshes (contract sections 1 to 3)."""
